#include "models/encoder.h"

#include "base/error.h"
#include "models/clip.h"
#include "models/encoder_clip.h"
#include "models/encoder_resnet.h"
#include "models/encoder_vit.h"

namespace wordmask::models {

namespace {
void check(const EncoderVitConfig& config) {
  WM_CHECK(config.patch_size > 0 && config.image_size % config.patch_size == 0, code::kInvalidArgument,
           "Expected patchSize to divide imageSize ", config.image_size, " but received ", config.patch_size);
  WM_CHECK(config.heads > 0 && config.width % config.heads == 0, code::kInvalidArgument,
           "Expected heads to divide the width ", config.width, " but received ", config.heads);
  WM_CHECK(config.layer_norm_eps > 0, code::kInvalidArgument,
           "Expected a positive number for layerNormEps but received ", config.layer_norm_eps);
  WM_CHECK(!(config.positions.offset > 0 && config.positions.by_count), code::kInvalidArgument,
           "Expected positions.byCount without an offset but received the offset ", config.positions.offset);
}

struct Make {
  std::shared_ptr<EncoderTower> operator()(const EncoderVitConfig& config) const {
    check(config);
    return std::make_shared<EncoderVitImpl>(config);
  }
  std::shared_ptr<EncoderTower> operator()(const EncoderResNetConfig& config) const {
    WM_CHECK(config.stages.size() == 4, code::kInvalidArgument, "Expected 4 numbers for layers but received ",
             config.stages.size());
    return std::make_shared<EncoderResNetImpl>(config);
  }
  std::shared_ptr<EncoderTower> operator()(const EncoderClipConfig& config) const {
    check_config(config.clip);
    return std::make_shared<EncoderClipImpl>(config);
  }
};

bool in_head(const std::string& key) {
  for (const char* head : {"head.", "head_dist.", "fc.", "mask_token", "projection_head.", "prototypes."}) {
    if (key.starts_with(head)) return true;
  }
  return false;
}

KeyMap tower_keys(const EncoderConfig& config) {
  if (const auto* clip = std::get_if<EncoderClipConfig>(&config.tower)) {
    const auto keys = key_map(clip->clip.keys);
    return {keys.source, [ignorable = keys.ignorable](const std::string& key) {
              const bool visual = key.starts_with("visual.") || key.starts_with("vision_model.") ||
                                  key.starts_with("visual_projection.");
              return !visual || ignorable(key);
            }};
  }
  return {[](const std::string& key) { return Source{{key}}; },
          [](const std::string& key) { return in_head(key) || key.ends_with("num_batches_tracked"); }};
}
}  // namespace

std::shared_ptr<EncoderTower> make_encoder(const EncoderConfig& config) { return std::visit(Make(), config.tower); }

KeyMap encoder_keys(const EncoderConfig& config) {
  const auto keys = tower_keys(config);
  const auto source = [keys, prefix = config.prefix](const std::string& key) {
    auto source = keys.source(key);
    for (auto& name : source.keys) name = prefix + name;
    return source;
  };
  const auto ignorable = [keys, prefix = config.prefix](const std::string& key) {
    return !key.starts_with(prefix) || keys.ignorable(key.substr(prefix.size()));
  };
  return {source, ignorable};
}

bool encoder_stays_float32(const std::string& key) {
  for (const char* part : {"norm", "bn", "downsample.1.", "_token", "pos_embed", "gamma"}) {
    if (key.find(part) != std::string::npos) return true;
  }
  return stays_float32(key);
}

}  // namespace wordmask::models

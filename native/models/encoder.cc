#include "models/encoder.h"

#include <set>

#include "base/error.h"
#include "models/block.h"
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

void check_layer(const EncoderClipConfig& config) {
  const auto& vision = config.clip.vision;
  WM_CHECK(config.layer == 0 || vision.kind == VisionConfig::Kind::kVit, code::kInvalidArgument,
           "Expected no layer for a ResNet but received ", config.layer);
  WM_CHECK(config.layer >= 0 && config.layer <= vision.layers, code::kInvalidArgument, "Expected a layer from 1 to ",
           vision.layers, " but received ", config.layer);
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
    check_layer(config);
    return std::make_shared<EncoderClipImpl>(config);
  }
};

bool in_head(const std::string& key) {
  for (const char* head : {"head.", "head_dist.", "fc.", "mask_token", "projection_head.", "prototypes."}) {
    if (key.starts_with(head)) return true;
  }
  return false;
}

// What the file calls the weights of the blocks that are not read.
std::set<std::string> keys_above(const EncoderClipConfig& config, const KeyMap& keys) {
  const auto& clip = config.clip;
  const auto& vision = clip.vision;
  std::set<std::string> above;
  if (config.layer == 0) return above;
  const Block block(vision.width, vision.heads, vision.mlp_width, clip.activation, clip.layer_norm_eps);
  for (int i = config.layer; i < vision.layers; ++i) {
    for (const auto& item : block->named_parameters()) {
      const auto source = keys.source("visual.transformer.resblocks." + std::to_string(i) + "." + item.key());
      above.insert(source.keys.begin(), source.keys.end());
    }
  }
  return above;
}

KeyMap clip_tower_keys(const EncoderClipConfig& config) {
  const auto keys = key_map(config.clip.keys);
  const auto ignorable = [above = keys_above(config, keys), without = keys.ignorable](const std::string& key) {
    const bool visual =
        key.starts_with("visual.") || key.starts_with("vision_model.") || key.starts_with("visual_projection.");
    return !visual || above.contains(key) || without(key);
  };
  return {keys.source, ignorable};
}

KeyMap tower_keys(const EncoderConfig& config) {
  if (const auto* clip = std::get_if<EncoderClipConfig>(&config.tower)) return clip_tower_keys(*clip);
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

#include "models/clip.h"

#include "base/error.h"
#include "models/resnet.h"

namespace wordmask::models {

namespace {
void check_positive(const char* name, int64_t value) {
  WM_CHECK(value > 0, code::kInvalidArgument, "Expected a positive integer for ", name, " but received ", value);
}

void check_heads(const char* name, int64_t width, int64_t heads) {
  WM_CHECK(heads > 0 && width % heads == 0, code::kInvalidArgument, "Expected ", name, ".heads to divide the width ",
           width, " but received ", heads);
}

ClipConfig checked(const ClipConfig& config) {
  check_config(config);
  return config;
}
}  // namespace

void check_config(const ClipConfig& config) {
  const auto& vision = config.vision;
  const auto& text = config.text;
  check_positive("embedDim", config.embed_dim);
  check_positive("vision.imageSize", vision.image_size);
  check_positive("vision.width", vision.width);
  WM_CHECK(config.layer_norm_eps > 0, code::kInvalidArgument,
           "Expected a positive number for layerNormEps but received ", config.layer_norm_eps);
  if (vision.kind == VisionConfig::Kind::kVit) {
    check_positive("vision.layers", vision.layers);
    check_positive("vision.mlpWidth", vision.mlp_width);
    check_heads("vision", vision.width, vision.heads);
    WM_CHECK(vision.patch_size > 0 && vision.image_size % vision.patch_size == 0, code::kInvalidArgument,
             "Expected vision.patchSize to divide vision.imageSize ", vision.image_size, " but received ",
             vision.patch_size);
  } else {
    WM_CHECK(vision.stages.size() == 4, code::kInvalidArgument, "Expected 4 numbers for vision.layers but received ",
             vision.stages.size());
    for (const auto blocks : vision.stages) check_positive("vision.layers[i]", blocks);
    check_heads("vision", int64_t{32} * vision.width, vision.heads);
    WM_CHECK(vision.image_size % 32 == 0 && vision.width % 2 == 0, code::kInvalidArgument,
             "Expected vision.imageSize divisible by 32 and an even vision.width but received ", vision.image_size,
             " and ", vision.width);
  }
  check_positive("text.contextLength", text.context_length);
  check_positive("text.vocabSize", text.vocab_size);
  check_positive("text.width", text.width);
  check_positive("text.layers", text.layers);
  check_positive("text.mlpWidth", text.mlp_width);
  check_heads("text", text.width, text.heads);
}

std::shared_ptr<VisionTower> make_vision_tower(const ClipConfig& config) {
  if (config.vision.kind == VisionConfig::Kind::kResNet) return std::make_shared<ResNetImpl>(config);
  return std::make_shared<VitImpl>(config);
}

ClipImpl::ClipImpl(const ClipConfig& given) : TextImpl(checked(given)), config(given) {
  visual = register_module("visual", make_vision_tower(config));
  logit_scale = register_parameter("logit_scale", parameter({}));
}

VitImpl& ClipImpl::vit() {
  auto* vit = dynamic_cast<VitImpl*>(visual.get());
  WM_CHECK(vit != nullptr, code::kInvalidArgument, "Expected a ViT image tower but this model has a ResNet");
  return *vit;
}

bool stays_float32(const std::string& key) {
  for (const char* part : {"ln_", "embedding", "logit_scale", ".bn", "downsample.1."}) {
    if (key.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace wordmask::models

#include "models/encoder_clip.h"

#include "base/error.h"
#include "models/clip.h"

namespace wordmask::models {

namespace {
// Without the blocks above config.layer.
ClipConfig read_part(const EncoderClipConfig& config) {
  auto clip = config.clip;
  if (config.layer > 0) clip.vision.layers = config.layer;
  return clip;
}
}  // namespace

EncoderClipImpl::EncoderClipImpl(const EncoderClipConfig& config) : config_(config) {
  visual = register_module("visual", make_vision_tower(read_part(config)));
}

at::Tensor EncoderClipImpl::features(const at::Tensor& pixels) {
  WM_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.numel() > 0, code::kInvalidArgument,
           "Expected pixels [b, 3, H, W] but received ", pixels.sizes());
  return config_.read == EncoderClipConfig::Read::kDense ? visual->dense(pixels) : visual->cells(pixels);
}

int64_t EncoderClipImpl::channels() const {
  if (config_.read == EncoderClipConfig::Read::kDense) return config_.clip.embed_dim;
  const auto& vision = config_.clip.vision;
  return vision.kind == VisionConfig::Kind::kVit ? vision.width : int64_t{32} * vision.width;
}

}  // namespace wordmask::models

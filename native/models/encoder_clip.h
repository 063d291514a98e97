#pragma once
#include "models/encoder.h"
#include "models/vision_tower.h"

namespace wordmask::models {

// The image tower of a CLIP under its official name `visual`; its text tower and the blocks above config.layer are not
// loaded.
struct EncoderClipImpl : EncoderTower {
  explicit EncoderClipImpl(const EncoderClipConfig& config);
  at::Tensor features(const at::Tensor& pixels) override;
  int64_t cell() const override { return visual->cell(); }
  int64_t channels() const override;

  std::shared_ptr<VisionTower> visual;

 private:
  EncoderClipConfig config_;
};
TORCH_MODULE(EncoderClip);

}  // namespace wordmask::models

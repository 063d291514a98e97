#pragma once
#include <torch/nn/modules/container/modulelist.h>

#include "models/batch_norm.h"
#include "models/conv.h"
#include "models/encoder.h"

namespace wordmask::models {

// The shortcut where the shape changes: a strided 1x1 convolution "0", norm "1".
struct StridedShortcutImpl : torch::nn::Module {
  StridedShortcutImpl(int64_t in, int64_t out, int64_t stride);
  at::Tensor forward(const at::Tensor& x);

  Conv conv{nullptr};
  BatchNorm norm{nullptr};
};
TORCH_MODULE(StridedShortcut);

// torchvision's bottleneck: 1x1, 3x3 with the stride, 1x1. [b, in, h, w] -> [b, 4 * planes, h', w'].
struct StridedBottleneckImpl : torch::nn::Module {
  static constexpr int64_t kExpansion = 4;

  StridedBottleneckImpl(int64_t in, int64_t planes, int64_t stride);
  at::Tensor forward(const at::Tensor& x);

  Conv conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  BatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  StridedShortcut downsample{nullptr};
};
TORCH_MODULE(StridedBottleneck);

// torchvision's ResNet up to layer4: stride 32, 32 * width channels; every stride rounds up, so that the grid is
// ceil(H / 32) x ceil(W / 32).
struct EncoderResNetImpl : EncoderTower {
  explicit EncoderResNetImpl(const EncoderResNetConfig& config);
  at::Tensor features(const at::Tensor& pixels) override;
  int64_t cell() const override { return 32; }
  int64_t channels() const override { return channels_; }

  Conv conv1{nullptr};
  BatchNorm bn1{nullptr};
  torch::nn::ModuleList layer1, layer2, layer3, layer4;

 private:
  int64_t channels_ = 0;
};
TORCH_MODULE(EncoderResNet);

}  // namespace wordmask::models

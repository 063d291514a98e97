#pragma once
#include <torch/nn/modules/container/modulelist.h>

#include "models/attention_pool.h"
#include "models/bottleneck.h"
#include "models/config.h"
#include "models/vision_tower.h"

namespace wordmask::models {

// OpenAI's ModifiedResNet: a stem of three convolutions, anti-aliased strides, attention pool. Total stride 32.
struct ResNetImpl : VisionTower {
  explicit ResNetImpl(const ClipConfig& config);
  at::Tensor forward(const at::Tensor& pixels) override;
  // Cells are floor(H / 32) x floor(W / 32) or one more where the stem rounds up; smaller images are zero-padded to 32.
  at::Tensor dense(const at::Tensor& pixels) override;
  at::Tensor cells(const at::Tensor& pixels) override;
  int64_t cell() const override { return 32; }

  Conv conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  BatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  torch::nn::ModuleList layer1, layer2, layer3, layer4;
  AttentionPool attnpool{nullptr};

 private:
  at::Tensor trunk(const at::Tensor& pixels);  // [b, 3, H, W] -> [b, 32 * width, h, w]
  at::Tensor padded_trunk(const at::Tensor& pixels);
};
TORCH_MODULE(ResNet);

}  // namespace wordmask::models

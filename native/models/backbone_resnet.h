#pragma once
#include "models/backbone.h"
#include "models/conv_norm.h"

namespace wordmask::models {

// torchvision's bottleneck: 1x1, 3x3 with the stride and the dilation, 1x1. [b, in, h, w] -> [b, 4 * planes, h', w']
struct DilatedBottleneckImpl : torch::nn::Module {
  DilatedBottleneckImpl(int64_t in, int64_t planes, int64_t stride, int64_t dilation);
  at::Tensor forward(const at::Tensor& x);

  Conv conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  BatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  ConvNorm downsample{nullptr};
};
TORCH_MODULE(DilatedBottleneck);

// torchvision's ResNet without its head. A stage whose stride would go below the output stride has stride 1 and its
// blocks after the first double the dilation (replace_stride_with_dilation).
struct ResNetBackbone : Backbone {
  explicit ResNetBackbone(const DeepLabConfig& config);
  BackboneFeatures forward(const at::Tensor& pixels) override;

  Conv conv1{nullptr};
  BatchNorm bn1{nullptr};
  std::array<std::vector<DilatedBottleneck>, 4> stages;  // "layer1" .. "layer4"
};

}  // namespace wordmask::models

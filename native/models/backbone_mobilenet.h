#pragma once
#include "models/backbone.h"
#include "models/conv_norm.h"

namespace wordmask::models {

// Widened by a 1x1 convolution (unless `expansion` is 1), filtered a channel at a time, narrowed by a 1x1 convolution
// without an activation; added to its input where the shapes are equal. [b, in, h, w] -> [b, out, h', w']
struct InvertedResidualImpl : torch::nn::Module {
  InvertedResidualImpl(int64_t in, int64_t out, int64_t stride, int64_t dilation, int64_t expansion);
  at::Tensor forward(const at::Tensor& x);

  bool shortcut;
  ConvNorm expand{nullptr}, depthwise{nullptr};  // "conv.0", "conv.1", or the latter "conv.0"
  Conv narrow{nullptr};
  BatchNorm norm{nullptr};
};
TORCH_MODULE(InvertedResidual);

// torchvision's MobileNetV2 up to features.17; dilated as backbone_resnet.h says.
struct MobileNetBackbone : Backbone {
  explicit MobileNetBackbone(const DeepLabConfig& config);
  BackboneFeatures forward(const at::Tensor& pixels) override;

  ConvNorm stem{nullptr};                // "features.0"
  std::vector<InvertedResidual> blocks;  // "features.1" ..
};

}  // namespace wordmask::models

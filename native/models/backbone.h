#pragma once
#include <torch/nn/module.h>

#include "models/deeplab_config.h"

namespace wordmask::models {

// What DeepLabv3+ sees of a picture: [b, low_channels, H / 4, W / 4] and [b, channels, H / stride, W / stride], rounded
// up.
struct BackboneFeatures {
  at::Tensor low, high;
};

// Parameters have torchvision's keys; its classifier is not part of the model.
struct Backbone : torch::nn::Module {
  virtual BackboneFeatures forward(const at::Tensor& pixels) = 0;  // [b, 3, H, W]
  int64_t low_channels = 0, channels = 0;
};

std::shared_ptr<Backbone> make_resnet(const DeepLabConfig& config);
std::shared_ptr<Backbone> make_mobilenet(const DeepLabConfig& config);

}  // namespace wordmask::models

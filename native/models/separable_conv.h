#pragma once
#include "models/conv_norm.h"

namespace wordmask::models {

// A dilated 3x3 convolution of every channel by itself, "body.0", then a 1x1 convolution over the channels, "body.1";
// nothing between them. [b, in, h, w] -> [b, out, h, w]
struct SeparableConvImpl : torch::nn::Module {
  SeparableConvImpl(int64_t in, int64_t out, int64_t dilation) {
    const auto body = register_module("body", std::make_shared<Numbered>());
    depthwise = body->add(0, Conv(in, in, 3, 1, dilation, /*biased=*/false, dilation, in));
    pointwise = body->add(1, Conv(in, out, 1));
  }
  // ReLU(norm(separable(x)))
  at::Tensor normed(const at::Tensor& x, const BatchNormImpl& norm) {
    return pointwise->normed(depthwise->alone(x), norm, /*relu=*/true);
  }

  Conv depthwise{nullptr}, pointwise{nullptr};
};
TORCH_MODULE(SeparableConv);

}  // namespace wordmask::models

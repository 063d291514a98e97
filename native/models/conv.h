#pragma once
#include "models/linear.h"

namespace wordmask::models {

// Convolution without bias.
struct ConvImpl : torch::nn::Module {
  ConvImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t padding = 0)
      : stride(stride), padding(padding) {
    weight = register_parameter("weight", parameter({out, in, kernel, kernel}));
  }
  at::Tensor forward(const at::Tensor& x) const {
    const bool reduced = weight.scalar_type() != at::kFloat && weight.scalar_type() != at::kDouble;
    return at::conv2d(reduced ? x.to(weight.scalar_type()) : x, weight, {}, {stride, stride}, {padding, padding});
  }

  int64_t stride, padding;
  at::Tensor weight;
};
TORCH_MODULE(Conv);

}  // namespace wordmask::models

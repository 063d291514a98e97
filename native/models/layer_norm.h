#pragma once
#include "models/linear.h"

namespace wordmask::models {

// Over the last dimension; weights stay float32 whatever the compute dtype.
struct LayerNormImpl : torch::nn::Module {
  LayerNormImpl(int64_t width, double eps) : eps(eps) {
    weight = register_parameter("weight", parameter({width}));
    bias = register_parameter("bias", parameter({width}));
  }
  at::Tensor forward(const at::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, bias, eps); }

  double eps;
  at::Tensor weight, bias;
};
TORCH_MODULE(LayerNorm);

}  // namespace wordmask::models

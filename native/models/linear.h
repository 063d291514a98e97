#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace wordmask::models {

// Memory for a parameter, not touched: a model that is about to be loaded costs nothing before its weights come.
// Made outside InferenceMode, so that the same modules can be trained.
inline at::Tensor parameter(at::IntArrayRef shape) {
  c10::InferenceMode normal(false);
  return at::empty(shape, at::kFloat);
}

// y = x W^T + b. W and b share one dtype; an input of another is converted only where the weights are of reduced
// precision (under autocast the weights are float32 and the conversion is autocast's).
inline at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {}) {
  const bool reduced = weight.scalar_type() != at::kFloat && weight.scalar_type() != at::kDouble;
  return at::linear(reduced ? x.to(weight.scalar_type()) : x, weight, bias);
}

struct LinearImpl : torch::nn::Module {
  LinearImpl(int64_t in, int64_t out) {
    weight = register_parameter("weight", parameter({out, in}));
    bias = register_parameter("bias", parameter({out}));
  }
  at::Tensor forward(const at::Tensor& x) const { return project(x, weight, bias); }

  at::Tensor weight, bias;
};
TORCH_MODULE(Linear);

}  // namespace wordmask::models

#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "kernels/packed_linear/packed_linear.h"
#include "models/packed_weight.h"

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

// The weight is plain wherever gradients may be wanted, packed where it is only used (packed_weight.h).
struct LinearImpl : torch::nn::Module, Packable {
  LinearImpl(int64_t in, int64_t out) {
    weight = register_parameter("weight", parameter({out, in}));
    bias = register_parameter("bias", parameter({out}));
  }
  at::Tensor forward(const at::Tensor& x) {
    if (packs(weight)) return packed(x, kernels::Fused::kNone, bias);
    unpack();
    return project(x, weight, bias);
  }
  // Where packs(weight) holds: fused(x W^T + given_bias).
  at::Tensor packed(const at::Tensor& x, kernels::Fused fused, const at::Tensor& given_bias) {
    return kernels::packed_linear(x.to(weight.scalar_type()), packed_.get(weight), given_bias, fused);
  }
  void unpack() override { packed_.unpack(weight); }

  at::Tensor weight, bias;

 private:
  PackedWeight packed_;
};
TORCH_MODULE(Linear);

}  // namespace wordmask::models

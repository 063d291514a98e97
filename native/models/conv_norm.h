#pragma once
#include "models/batch_norm.h"
#include "models/conv.h"

namespace wordmask::models {

// The keys of a torch.nn.Sequential: children by number, those without weights left out.
struct Numbered : torch::nn::Module {
  template <class Holder>
  Holder add(int64_t i, Holder module) {
    return register_module(std::to_string(i), std::move(module));
  }
};

// Convolution "0" and norm "1".
struct ConvNormImpl : Numbered {
  ConvNormImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t dilation = 1, int64_t groups = 1) {
    conv = add(0, Conv(in, out, kernel, stride, (kernel - 1) / 2 * dilation, /*biased=*/false, dilation, groups));
    norm = add(1, BatchNorm(out));
  }
  at::Tensor linear(const at::Tensor& x) { return conv->normed(x, *norm, /*relu=*/false); }
  at::Tensor relu(const at::Tensor& x) { return conv->normed(x, *norm, /*relu=*/true); }
  at::Tensor relu6(const at::Tensor& x) { return conv->normed_relu6(x, *norm); }

  Conv conv{nullptr};
  BatchNorm norm{nullptr};
};
TORCH_MODULE(ConvNorm);

}  // namespace wordmask::models

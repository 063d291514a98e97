#pragma once
#include <ATen/core/Generator.h>

#include <array>
#include <optional>

#include "models/separable_conv.h"

namespace wordmask::models {

// Atrous spatial pyramid pooling: a 1x1 convolution, three separable ones at growing dilations ("rates") and the mean
// of the whole grid side by side, then a 1x1 convolution over the five. [b, in, h, w] -> [b, out, h, w]
struct AsppImpl : torch::nn::Module {
  AsppImpl(int64_t in, int64_t out, const std::array<int64_t, 3>& rates);
  at::Tensor forward(const at::Tensor& x);

  ConvNorm point{nullptr};                // "convs.0"
  std::array<SeparableConv, 3> atrous;    // "convs.1.0" .. "convs.3.0"
  std::array<BatchNorm, 3> atrous_norms;  // "convs.1.1" .. "convs.3.1"
  Conv pooled{nullptr};                   // "convs.4.1"
  BatchNorm pooled_norm{nullptr};         // "convs.4.2"
  ConvNorm project{nullptr};
  double dropout = 0.1;                        // of its answer, in training
  std::optional<at::Generator> dropout_draws;  // what drops; none: nothing is dropped
};
TORCH_MODULE(Aspp);

}  // namespace wordmask::models

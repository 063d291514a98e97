#pragma once
#include "models/batch_norm.h"
#include "models/conv.h"

namespace wordmask::models {

// The shortcut where the shape changes: average pool, 1x1 convolution "0", norm "1".
struct DownsampleImpl : torch::nn::Module {
  DownsampleImpl(int64_t in, int64_t out, int64_t stride);
  at::Tensor forward(const at::Tensor& x);

  int64_t stride;
  Conv conv{nullptr};
  BatchNorm norm{nullptr};
};
TORCH_MODULE(Downsample);

// 1x1, 3x3, average pool where the stride is above 1, 1x1: anti-aliased strides. [b, in, h, w] -> [b, 4 * planes, h',
// w'].
struct BottleneckImpl : torch::nn::Module {
  static constexpr int64_t kExpansion = 4;

  BottleneckImpl(int64_t in, int64_t planes, int64_t stride);
  at::Tensor forward(const at::Tensor& x);

  int64_t stride;
  Conv conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  BatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  Downsample downsample{nullptr};
};
TORCH_MODULE(Bottleneck);

}  // namespace wordmask::models

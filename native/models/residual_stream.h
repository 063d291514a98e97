#pragma once
#include "kernels/residual_norm/residual_norm.h"
#include "models/layer_norm.h"

namespace wordmask::models {

// The residual stream of blocks on packed weights: float32, contiguous, changed in place. What a layer adds waits until
// the next norm reads the stream, so that both are one pass over memory.
class ResidualStream {
 public:
  explicit ResidualStream(at::Tensor tokens) : tokens_(std::move(tokens)) {}

  // stream += scale * delta, soon.
  void add(at::Tensor delta, double scale = 1) {
    settle();
    delta_ = std::move(delta);
    scale_ = scale;
  }

  // scale * norm(stream) as dtype.
  at::Tensor normed(const LayerNormImpl& norm, at::ScalarType dtype, double scale = 1) {
    const auto result =
        kernels::residual_norm(tokens_, delta_, scale_, norm.weight, norm.bias, {norm.eps, scale, dtype});
    delta_.reset();
    return result;
  }

  // The stream with everything added.
  const at::Tensor& tokens() {
    settle();
    return tokens_;
  }

 private:
  void settle() {
    if (delta_.defined()) kernels::residual_add(tokens_, delta_, scale_);
    delta_.reset();
  }
  at::Tensor tokens_, delta_;
  double scale_ = 1;
};

}  // namespace wordmask::models

#pragma once
#include "models/config.h"
#include "models/linear.h"

namespace wordmask::models {

// QuickGELU is x * sigmoid(1.702 x) (OpenAI's weights); GELU is the exact one (LAION's).
at::Tensor activate(const at::Tensor& x, Activation activation);

struct MlpImpl : torch::nn::Module {
  MlpImpl(int64_t width, int64_t hidden, Activation activation);
  at::Tensor forward(const at::Tensor& x);  // [..., width] -> [..., width]

  // The same on packed weights, the activation fused. QuickGELU is swish(1.702 h) / 1.702, and oneDNN has swish: the
  // caller multiplies the input by scale() and divides the result by it, both inside passes that happen anyway.
  at::Tensor forward_scaled(const at::Tensor& x);
  double scale() const { return activation == Activation::kQuickGelu ? 1.702 : 1; }

  Linear c_fc{nullptr}, c_proj{nullptr};
  Activation activation;
};
TORCH_MODULE(Mlp);

}  // namespace wordmask::models

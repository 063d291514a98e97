#include "models/mlp.h"

namespace wordmask::models {

at::Tensor activate(const at::Tensor& x, Activation activation) {
  return activation == Activation::kQuickGelu ? x * at::sigmoid(1.702 * x) : at::gelu(x);
}

MlpImpl::MlpImpl(int64_t width, int64_t hidden, Activation activation) : activation(activation) {
  c_fc = register_module("c_fc", Linear(width, hidden));
  c_proj = register_module("c_proj", Linear(hidden, width));
}

at::Tensor MlpImpl::forward(const at::Tensor& x) { return c_proj(activate(c_fc(x), activation)); }

at::Tensor MlpImpl::forward_scaled(const at::Tensor& x) {
  const bool quick = activation == Activation::kQuickGelu;
  const auto fused = quick ? kernels::Fused::kSwish : kernels::Fused::kGelu;
  const auto hidden = c_fc->packed(x, fused, quick ? c_fc->bias * scale() : c_fc->bias);
  return c_proj->packed(hidden, kernels::Fused::kNone, quick ? c_proj->bias * scale() : c_proj->bias);
}

}  // namespace wordmask::models

#include "models/block.h"

namespace wordmask::models {

BlockImpl::BlockImpl(int64_t width, int64_t heads, int64_t mlp_width, Activation activation, double eps) {
  ln_1 = register_module("ln_1", LayerNorm(width, eps));
  attn = register_module("attn", Attention(width, heads));
  ln_2 = register_module("ln_2", LayerNorm(width, eps));
  mlp = register_module("mlp", Mlp(width, mlp_width, activation));
}

at::Tensor BlockImpl::forward(const at::Tensor& x, bool causal) {
  const auto y = x + attn->forward(ln_1(x), causal);
  return y + mlp(ln_2(y));
}

at::Tensor BlockImpl::value(const at::Tensor& x) { return attn->value(ln_1(x)); }

at::Tensor BlockImpl::value_residual(const at::Tensor& x) {
  const auto y = x + value(x);
  return y + mlp(ln_2(y));
}

AttentionImpl::Both BlockImpl::forward_with_value(const at::Tensor& x) {
  const auto [attended, value] = attn->forward_with_value(ln_1(x));
  const auto y = x + attended;
  return {y + mlp(ln_2(y)), value};
}

}  // namespace wordmask::models

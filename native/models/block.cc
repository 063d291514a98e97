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
  if (packs(attn->in_proj_weight)) {
    ResidualStream stream(x.contiguous());
    stream.add(value(x));
    run_mlp(stream);
    return stream.tokens();
  }
  const auto y = x + value(x);
  return y + mlp(ln_2(y));
}

AttentionImpl::Both BlockImpl::forward_with_value(const at::Tensor& x) {
  const auto [attended, value] = attn->forward_with_value(ln_1(x));
  const auto y = x + attended;
  return {y + mlp(ln_2(y)), value};
}

void BlockImpl::run_mlp(ResidualStream& stream) {
  stream.add(mlp->forward_scaled(stream.normed(*ln_2, dtype(), mlp->scale())), 1 / mlp->scale());
}

void BlockImpl::run(ResidualStream& stream, bool causal) {
  stream.add(attn->forward(stream.normed(*ln_1, dtype()), causal));
  run_mlp(stream);
}

at::Tensor BlockImpl::run_row(ResidualStream& stream, const at::Tensor& rows, bool causal) {
  const auto normed = stream.normed(*ln_1, dtype());
  const auto images = at::arange(rows.size(0), rows.options());
  ResidualStream row(stream.tokens().index({images, rows}));
  row.add(attn->forward_from(normed.index({images, rows}), normed, causal ? rows + 1 : at::Tensor()));
  run_mlp(row);
  return row.tokens();
}

}  // namespace wordmask::models

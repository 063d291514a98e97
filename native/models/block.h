#pragma once
#include "models/attention.h"
#include "models/layer_norm.h"
#include "models/mlp.h"

namespace wordmask::models {

// Pre-norm residual block; tokens are [b, n, width] throughout.
struct BlockImpl : torch::nn::Module {
  BlockImpl(int64_t width, int64_t heads, int64_t mlp_width, Activation activation, double eps);
  at::Tensor forward(const at::Tensor& x, bool causal);
  at::Tensor value(const at::Tensor& x);           // out_proj(v(ln_1(x)))
  at::Tensor value_residual(const at::Tensor& x);  // y = x + value(x); y + mlp(ln_2(y))
  AttentionImpl::Both forward_with_value(const at::Tensor& x);

  LayerNorm ln_1{nullptr}, ln_2{nullptr};
  Attention attn{nullptr};
  Mlp mlp{nullptr};
};
TORCH_MODULE(Block);

}  // namespace wordmask::models

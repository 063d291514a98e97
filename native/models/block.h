#pragma once
#include "models/attention.h"
#include "models/layer_norm.h"
#include "models/mlp.h"
#include "models/residual_stream.h"

namespace wordmask::models {

// Pre-norm residual block; tokens are [b, n, width] throughout. Where the weights are packed, tokens that are given may
// be overwritten.
struct BlockImpl : torch::nn::Module {
  BlockImpl(int64_t width, int64_t heads, int64_t mlp_width, Activation activation, double eps);
  at::Tensor forward(const at::Tensor& x, bool causal);
  at::Tensor value(const at::Tensor& x);           // out_proj(v(ln_1(x)))
  at::Tensor value_residual(const at::Tensor& x);  // y = x + value(x); y + mlp(ln_2(y))
  AttentionImpl::Both forward_with_value(const at::Tensor& x);

  // On packed weights alone: the block as a change of the stream, and what it makes of one token an image:
  // rows int64 [b] -> [b, width]. Causal: a row sees itself and those before it.
  void run(ResidualStream& stream, bool causal);
  at::Tensor run_row(ResidualStream& stream, const at::Tensor& rows, bool causal);

  LayerNorm ln_1{nullptr}, ln_2{nullptr};
  Attention attn{nullptr};
  Mlp mlp{nullptr};

 private:
  void run_mlp(ResidualStream& stream);
  at::ScalarType dtype() const { return attn->in_proj_weight.scalar_type(); }
};
TORCH_MODULE(Block);

}  // namespace wordmask::models

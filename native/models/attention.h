#pragma once
#include "models/linear.h"

namespace wordmask::models {

// Multi-head self-attention in torch.nn.MultiheadAttention's layout (rows of in_proj: q, k, v; each split into heads).
struct AttentionImpl : torch::nn::Module {
  AttentionImpl(int64_t width, int64_t heads);
  at::Tensor forward(const at::Tensor& x, bool causal);  // [b, n, width] -> [b, n, width]
  // out_proj(v): what each token would hand over to others, attention weights left out. Same shape.
  at::Tensor value(const at::Tensor& x);
  struct Both {
    at::Tensor attended, value;
  };
  Both forward_with_value(const at::Tensor& x);

  int64_t heads;
  at::Tensor in_proj_weight, in_proj_bias;
  Linear out_proj{nullptr};

 private:
  at::Tensor attend(const at::Tensor& qkv, bool causal) const;
};
TORCH_MODULE(Attention);

}  // namespace wordmask::models

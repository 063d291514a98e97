#pragma once
#include "models/linear.h"

namespace wordmask::models {

// Multi-head self-attention in torch.nn.MultiheadAttention's layout (rows of in_proj: q, k, v; each split into heads).
struct AttentionImpl : torch::nn::Module, Packable {
  AttentionImpl(int64_t width, int64_t heads);
  at::Tensor forward(const at::Tensor& x, bool causal);  // [b, n, width] -> [b, n, width]
  // out_proj(v): what each token would hand over to others, attention weights left out. Same shape.
  at::Tensor value(const at::Tensor& x);
  struct Both {
    at::Tensor attended, value;
  };
  Both forward_with_value(const at::Tensor& x);

  // On packed weights alone: queries of the given tokens [b, width] to the first `lengths` keys (int64 [b]; undefined:
  // all) of x [b, n, width] -> [b, width].
  at::Tensor forward_from(const at::Tensor& query, const at::Tensor& x, const at::Tensor& lengths);

  void unpack() override { packed_.unpack(in_proj_weight); }

  int64_t heads;
  at::Tensor in_proj_weight, in_proj_bias;
  Linear out_proj{nullptr};

 private:
  enum Third { kQuery, kKey, kValue };
  at::Tensor third(const at::Tensor& x, Third which);
  at::Tensor attend_packed(const at::Tensor& x, const at::Tensor& value, bool causal);
  at::Tensor attend(const at::Tensor& qkv, bool causal) const;
  PackedWeight packed_;
};
TORCH_MODULE(Attention);

}  // namespace wordmask::models

#pragma once
#include "models/linear.h"
#include "models/position_table.h"

namespace wordmask::models {

// The mean of all cells asks every cell; also the read-out of a single cell, without attention and positions.
struct AttentionPoolImpl : torch::nn::Module {
  AttentionPoolImpl(int64_t side, int64_t width, int64_t heads, int64_t embed_dim);
  at::Tensor forward(const at::Tensor& x);  // [b, width, h, w] -> [b, embed]
  at::Tensor value(const at::Tensor& x);    // [b, width, h, w] -> [b, h, w, embed]

  int64_t heads;
  at::Tensor positional_embedding;
  Linear q_proj{nullptr}, k_proj{nullptr}, v_proj{nullptr}, c_proj{nullptr};

 private:
  PositionCache cache_;
};
TORCH_MODULE(AttentionPool);

}  // namespace wordmask::models

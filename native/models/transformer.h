#pragma once
#include <torch/nn/modules/container/modulelist.h>

#include "models/block.h"

namespace wordmask::models {

// Where the weights are packed (packed_weight.h), tokens that are given may be overwritten.
struct TransformerImpl : torch::nn::Module {
  TransformerImpl(int64_t width, int64_t layers, int64_t heads, int64_t mlp_width, Activation activation, double eps);
  at::Tensor forward(at::Tensor x, bool causal);
  at::Tensor forward_but_last(at::Tensor x);  // blocks 1 .. L-1, no mask
  // One token an image, rows int64 [b] on the CPU or where x is: [b, n, width] -> [b, width]. Packed, the last block
  // computes nothing for the other tokens but their keys and values.
  at::Tensor forward_row(at::Tensor x, const at::Tensor& rows, bool causal);
  BlockImpl& last() { return *resblocks->ptr<BlockImpl>(resblocks->size() - 1); }

  torch::nn::ModuleList resblocks;
  // Type of the residual stream. float32 keeps reduced-precision products accurate; a trainer may choose bfloat16.
  at::ScalarType residual = at::kFloat;

 private:
  at::Tensor run(at::Tensor x, size_t blocks, bool causal);
  void run(ResidualStream& stream, size_t blocks, bool causal);
  bool packed() { return residual == at::kFloat && packs(last().attn->in_proj_weight); }
};
TORCH_MODULE(Transformer);

}  // namespace wordmask::models

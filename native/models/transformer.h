#pragma once
#include <torch/nn/modules/container/modulelist.h>

#include "models/block.h"

namespace wordmask::models {

struct TransformerImpl : torch::nn::Module {
  TransformerImpl(int64_t width, int64_t layers, int64_t heads, int64_t mlp_width, Activation activation, double eps);
  at::Tensor forward(at::Tensor x, bool causal);
  at::Tensor forward_but_last(at::Tensor x);  // blocks 1 .. L-1, no mask
  BlockImpl& last() { return *resblocks->ptr<BlockImpl>(resblocks->size() - 1); }

  torch::nn::ModuleList resblocks;
  // Type of the residual stream. float32 keeps reduced-precision products accurate; a trainer may choose bfloat16.
  at::ScalarType residual = at::kFloat;

 private:
  at::Tensor run(at::Tensor x, size_t blocks, bool causal);
};
TORCH_MODULE(Transformer);

}  // namespace wordmask::models

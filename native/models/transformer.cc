#include "models/transformer.h"

namespace wordmask::models {

TransformerImpl::TransformerImpl(int64_t width, int64_t layers, int64_t heads, int64_t mlp_width, Activation activation,
                                 double eps) {
  resblocks = register_module("resblocks", torch::nn::ModuleList());
  for (int64_t i = 0; i < layers; ++i) resblocks->push_back(Block(width, heads, mlp_width, activation, eps));
}

at::Tensor TransformerImpl::run(at::Tensor x, size_t blocks, bool causal) {
  if (x.scalar_type() != at::kDouble) x = x.to(residual);
  for (size_t i = 0; i < blocks; ++i) x = resblocks->ptr<BlockImpl>(i)->forward(x, causal);
  return x;
}

at::Tensor TransformerImpl::forward(at::Tensor x, bool causal) { return run(std::move(x), resblocks->size(), causal); }

at::Tensor TransformerImpl::forward_but_last(at::Tensor x) {
  return run(std::move(x), resblocks->size() - 1, /*causal=*/false);
}

}  // namespace wordmask::models

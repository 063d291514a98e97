#include "models/transformer.h"

namespace wordmask::models {

TransformerImpl::TransformerImpl(int64_t width, int64_t layers, int64_t heads, int64_t mlp_width, Activation activation,
                                 double eps) {
  resblocks = register_module("resblocks", torch::nn::ModuleList());
  for (int64_t i = 0; i < layers; ++i) resblocks->push_back(Block(width, heads, mlp_width, activation, eps));
}

void TransformerImpl::run(ResidualStream& stream, size_t blocks, bool causal) {
  for (size_t i = 0; i < blocks; ++i) resblocks->ptr<BlockImpl>(i)->run(stream, causal);
}

at::Tensor TransformerImpl::run(at::Tensor x, size_t blocks, bool causal) {
  if (packed()) {
    ResidualStream stream(x.to(residual).contiguous());
    run(stream, blocks, causal);
    return stream.tokens();
  }
  if (x.scalar_type() != at::kDouble) x = x.to(residual);
  for (size_t i = 0; i < blocks; ++i) x = resblocks->ptr<BlockImpl>(i)->forward(x, causal);
  return x;
}

at::Tensor TransformerImpl::forward(at::Tensor x, bool causal) { return run(std::move(x), resblocks->size(), causal); }

at::Tensor TransformerImpl::forward_but_last(at::Tensor x) {
  return run(std::move(x), resblocks->size() - 1, /*causal=*/false);
}

at::Tensor TransformerImpl::forward_row(at::Tensor x, const at::Tensor& rows, bool causal) {
  if (packed()) {
    ResidualStream stream(x.to(residual).contiguous());
    run(stream, resblocks->size() - 1, causal);
    return last().run_row(stream, rows, causal);
  }
  const auto tokens = forward(std::move(x), causal);
  const auto at = rows.to(tokens.device());
  return tokens.index({at::arange(at.size(0), at.options()), at});
}

}  // namespace wordmask::models

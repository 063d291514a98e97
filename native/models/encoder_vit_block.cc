#include "models/encoder_vit_block.h"

#include "kernels/attention/attention.h"

namespace wordmask::models {

namespace {
at::Tensor scaled(const LayerScale& scale, const at::Tensor& delta) { return scale ? delta * scale->gamma : delta; }
}  // namespace

QkvAttentionImpl::QkvAttentionImpl(int64_t width, int64_t heads) : heads(heads) {
  qkv = register_module("qkv", Linear(width, 3 * width));
  proj = register_module("proj", Linear(width, width));
}

at::Tensor QkvAttentionImpl::forward(const at::Tensor& x) {
  const auto thirds = qkv(x);
  const auto b = thirds.size(0), n = thirds.size(1), width = thirds.size(2) / 3;
  if (packs(qkv->weight)) {
    const auto split = thirds.chunk(3, -1);
    return proj(kernels::attention(split[0], split[1], split[2], {heads, /*causal=*/false, {}}));
  }
  const auto split = thirds.view({b, n, 3, heads, width / heads}).permute({2, 0, 3, 1, 4}).unbind(0);
  const auto mixed = at::scaled_dot_product_attention(split[0], split[1], split[2]);
  return proj(mixed.transpose(1, 2).reshape({b, n, width}));
}

GeluMlpImpl::GeluMlpImpl(int64_t width, int64_t hidden) {
  fc1 = register_module("fc1", Linear(width, hidden));
  fc2 = register_module("fc2", Linear(hidden, width));
}

at::Tensor GeluMlpImpl::forward(const at::Tensor& x) {
  return fc2(packs(fc1->weight) ? fc1->packed(x, kernels::Fused::kGelu, fc1->bias) : at::gelu(fc1(x)));
}

EncoderBlockImpl::EncoderBlockImpl(const Options& options) {
  norm1 = register_module("norm1", LayerNorm(options.width, options.eps));
  attn = register_module("attn", QkvAttention(options.width, options.heads));
  norm2 = register_module("norm2", LayerNorm(options.width, options.eps));
  mlp = register_module("mlp", GeluMlp(options.width, options.mlp_width));
  if (!options.layer_scale) return;
  ls1 = register_module("ls1", LayerScale(options.width));
  ls2 = register_module("ls2", LayerScale(options.width));
}

at::Tensor EncoderBlockImpl::forward(const at::Tensor& x) {
  const auto y = x + scaled(ls1, attn(norm1(x)));
  return y + scaled(ls2, mlp(norm2(y)));
}

void EncoderBlockImpl::run(ResidualStream& stream) {
  const auto dtype = attn->qkv->weight.scalar_type();
  stream.add(scaled(ls1, attn(stream.normed(*norm1, dtype))));
  stream.add(scaled(ls2, mlp(stream.normed(*norm2, dtype))));
}

}  // namespace wordmask::models

#include "models/attention_pool.h"

#include "kernels/attention/attention.h"

namespace wordmask::models {

AttentionPoolImpl::AttentionPoolImpl(int64_t side, int64_t width, int64_t heads, int64_t embed_dim) : heads(heads) {
  positional_embedding = register_parameter("positional_embedding", parameter({1 + side * side, width}));
  k_proj = register_module("k_proj", Linear(width, width));
  q_proj = register_module("q_proj", Linear(width, width));
  v_proj = register_module("v_proj", Linear(width, width));
  c_proj = register_module("c_proj", Linear(width, embed_dim));
}

at::Tensor AttentionPoolImpl::forward(const at::Tensor& x) {
  const auto b = x.size(0), width = x.size(1), h = x.size(2), w = x.size(3);
  const auto cells = x.flatten(2).transpose(1, 2);  // [b, h * w, width]
  const auto position =
      at::GradMode::is_enabled() ? resize_position(positional_embedding, h, w) : cache_.get(positional_embedding, h, w);
  const auto tokens = at::cat({cells.mean(1, /*keepdim=*/true), cells}, 1) + position;
  if (packs(v_proj->weight)) {
    const auto q = q_proj(tokens.slice(1, 0, 1)), k = k_proj(tokens), v = v_proj(tokens);
    return c_proj(kernels::attention(q, k, v, {heads, /*causal=*/false, {}}).squeeze(1));
  }
  const auto split = [&](const at::Tensor& y) { return y.view({b, -1, heads, width / heads}).transpose(1, 2); };
  const auto pooled = at::scaled_dot_product_attention(split(q_proj(tokens.slice(1, 0, 1))), split(k_proj(tokens)),
                                                       split(v_proj(tokens)));  // [b, heads, 1, .]
  return c_proj(pooled.transpose(1, 2).reshape({b, width}));
}

at::Tensor AttentionPoolImpl::value(const at::Tensor& x) { return c_proj(v_proj(x.permute({0, 2, 3, 1}))); }

}  // namespace wordmask::models

#include "models/attention.h"

namespace wordmask::models {

AttentionImpl::AttentionImpl(int64_t width, int64_t heads) : heads(heads) {
  in_proj_weight = register_parameter("in_proj_weight", parameter({3 * width, width}));
  in_proj_bias = register_parameter("in_proj_bias", parameter({3 * width}));
  out_proj = register_module("out_proj", Linear(width, width));
}

at::Tensor AttentionImpl::attend(const at::Tensor& qkv, bool causal) const {
  const auto b = qkv.size(0), n = qkv.size(1), width = qkv.size(2) / 3;
  const auto split =
      qkv.view({b, n, 3, heads, width / heads}).permute({2, 0, 3, 1, 4}).unbind(0);  // 3 x [b, heads, n, .]
  const auto mixed = at::scaled_dot_product_attention(split[0], split[1], split[2], {}, /*dropout_p=*/0.0, causal);
  return mixed.transpose(1, 2).reshape({b, n, width});
}

at::Tensor AttentionImpl::forward(const at::Tensor& x, bool causal) {
  return out_proj(attend(project(x, in_proj_weight, in_proj_bias), causal));
}

at::Tensor AttentionImpl::value(const at::Tensor& x) {
  const auto width = x.size(-1);
  const auto v = project(x, in_proj_weight.narrow(0, 2 * width, width), in_proj_bias.narrow(0, 2 * width, width));
  return out_proj(v);
}

AttentionImpl::Both AttentionImpl::forward_with_value(const at::Tensor& x) {
  const auto qkv = project(x, in_proj_weight, in_proj_bias);
  const auto width = x.size(-1);
  return {out_proj(attend(qkv, /*causal=*/false)), out_proj(qkv.narrow(-1, 2 * width, width))};
}

}  // namespace wordmask::models

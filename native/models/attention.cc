#include "models/attention.h"

#include "kernels/attention/attention.h"

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

// Rows of one third of in_proj: [b, n, width].
at::Tensor AttentionImpl::third(const at::Tensor& x, Third which) {
  const auto width = x.size(-1);
  const auto bias = in_proj_bias.narrow(0, which * width, width);
  if (packs(in_proj_weight))
    return kernels::packed_linear(x.to(in_proj_weight.scalar_type()), packed_.get(in_proj_weight, which, 3), bias);
  unpack();
  return project(x, in_proj_weight.narrow(0, which * width, width), bias);
}

at::Tensor AttentionImpl::attend_packed(const at::Tensor& x, const at::Tensor& value, bool causal) {
  return kernels::attention(third(x, kQuery), third(x, kKey), value, {heads, causal, {}});
}

at::Tensor AttentionImpl::forward(const at::Tensor& x, bool causal) {
  if (packs(in_proj_weight)) return out_proj(attend_packed(x, third(x, kValue), causal));
  unpack();
  return out_proj(attend(project(x, in_proj_weight, in_proj_bias), causal));
}

at::Tensor AttentionImpl::value(const at::Tensor& x) { return out_proj(third(x, kValue)); }

AttentionImpl::Both AttentionImpl::forward_with_value(const at::Tensor& x) {
  if (packs(in_proj_weight)) {
    const auto value = third(x, kValue);
    return {out_proj(attend_packed(x, value, /*causal=*/false)), out_proj(value)};
  }
  unpack();
  const auto qkv = project(x, in_proj_weight, in_proj_bias);
  const auto width = x.size(-1);
  return {out_proj(attend(qkv, /*causal=*/false)), out_proj(qkv.narrow(-1, 2 * width, width))};
}

at::Tensor AttentionImpl::forward_from(const at::Tensor& query, const at::Tensor& x, const at::Tensor& lengths) {
  const auto q = third(query, kQuery).unsqueeze(1);  // [b, 1, width]
  return out_proj(
      kernels::attention(q, third(x, kKey), third(x, kValue), {heads, /*causal=*/false, lengths}).squeeze(1));
}

}  // namespace wordmask::models

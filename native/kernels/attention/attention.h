#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

// softmax(q k^T / sqrt(d)) v of every head: q [b, m, heads * d], k and v [b, n, heads * d] -> contiguous
// [b, m, heads * d] in the type of q (float32 or bfloat16, one for all three; the arithmetic is float32 either way).
// Tokens may lie apart by any stride (the thirds of one qkv product), the numbers of a token lie together.
struct AttentionOptions {
  int64_t heads = 1;
  bool causal = false;  // query i sees keys 0 .. i; m = n
  at::Tensor lengths;   // int64 [b], 1 .. n: image b sees its first keys only; undefined: all
};

// Forward only: ERR_WORDMASK_INTERNAL outside InferenceMode.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionOptions& options);

}  // namespace wordmask::kernels

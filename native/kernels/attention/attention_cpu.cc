// Bound: 4 m n d FLOPs a head, at the rate of the products beside it. LibTorch's scaled_dot_product_attention calls MKL
// for its tiles, which runs AMD processors at under half their rate. Here keys and values of a head are laid out once
// (2 n d numbers), scores of 48 queries stay in the second cache, and sums in registers; nothing else is written.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <memory>

#include "kernels/attention/attention_tile.h"

namespace wordmask::kernels {

namespace {
using attention_tile::Head;
using attention_tile::kQueries;
using attention_tile::Scratch;
using attention_tile::ScratchSizes;
constexpr int64_t kGrain = 1 << 21;  // FLOPs a thread takes at least: some ten microseconds

template <class T>
WORDMASK_TARGET_AVX512 void attend_avx512(const Head<T>& head, const Scratch& scratch) {
  attention_tile::attend<6, 4>(head, scratch);
}
template <class T>
WORDMASK_TARGET_AVX2 void attend_avx2(const Head<T>& head, const Scratch& scratch) {
  attention_tile::attend<2, 2>(head, scratch);
}
template <class T>
void attend_default(const Head<T>& head, const Scratch& scratch) {
  attention_tile::attend<2, 1>(head, scratch);
}

Scratch divide(float* memory, const ScratchSizes& sizes) {
  Scratch scratch{};
  scratch.keys = memory;
  scratch.values = scratch.keys + sizes.keys;
  scratch.query = scratch.values + sizes.values;
  scratch.scores = scratch.query + sizes.query;
  scratch.sums = scratch.scores + sizes.scores;
  return scratch;
}

// Parts that the queries of a head are cut into, so that every thread has work even for one image.
int64_t parts_of(int64_t heads, int64_t queries) {
  const int64_t threads = at::get_num_threads(), blocks = (queries + kQueries - 1) / kQueries;
  return heads >= 2 * threads ? 1 : std::clamp<int64_t>(2 * threads / heads, 1, blocks);
}

template <class T>
void run(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads, bool causal,
         const int64_t* lengths, at::Tensor& out) {
  const auto attend = simd::isa() == simd::Isa::kAvx512 ? attend_avx512<T>
                      : simd::isa() == simd::Isa::kAvx2 ? attend_avx2<T>
                                                        : attend_default<T>;
  const int64_t b = q.size(0), m = q.size(1), n = k.size(1), d = q.size(2) / heads;
  const int64_t parts = parts_of(b * heads, m);
  const int64_t step = attention_tile::round_up((m + parts - 1) / parts, kQueries);
  const T *qs = q.const_data_ptr<T>(), *ks = k.const_data_ptr<T>(), *vs = v.const_data_ptr<T>();
  T* to = out.mutable_data_ptr<T>();
  const ScratchSizes sizes(n, d);
  const int64_t grain = std::max<int64_t>(1, kGrain / (4 * step * n * d));
  at::parallel_for(0, b * heads * parts, grain, [&](int64_t begin, int64_t end) {
    const std::unique_ptr<float[]> memory(new float[sizes.total()]);
    const auto scratch = divide(memory.get(), sizes);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t image = task / (heads * parts), h = task / parts % heads, first = task % parts * step;
      if (first >= m) continue;
      attend({qs + image * q.stride(0) + first * q.stride(1) + h * d, ks + image * k.stride(0) + h * d,
              vs + image * v.stride(0) + h * d, to + (image * m + first) * heads * d + h * d, q.stride(1), k.stride(1),
              v.stride(1), heads * d, std::min(step, m - first), lengths ? lengths[image] : n, d, first, causal},
             scratch);
    }
  });
}

at::Tensor with_dense_tokens(const at::Tensor& x) { return x.stride(2) == 1 ? x : x.contiguous(); }

at::Tensor attention_cpu(const at::Tensor& given_q, const at::Tensor& given_k, const at::Tensor& given_v, int64_t heads,
                         bool causal, const std::optional<at::Tensor>& given_lengths) {
  const auto q = with_dense_tokens(given_q), k = with_dense_tokens(given_k), v = with_dense_tokens(given_v);
  const auto lengths = given_lengths ? given_lengths->contiguous() : at::Tensor();
  const auto* counts = lengths.defined() ? lengths.const_data_ptr<int64_t>() : nullptr;
  auto out = at::empty(q.sizes(), q.options());
  if (out.numel() == 0) return out;
  if (q.scalar_type() == at::kBFloat16) {
    run<at::BFloat16>(q, k, v, heads, causal, counts, out);
  } else {
    run<float>(q, k, v, heads, causal, counts, out);
  }
  return out;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) { m.impl("attention", &attention_cpu); }

}  // namespace wordmask::kernels

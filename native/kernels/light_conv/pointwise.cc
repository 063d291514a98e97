// Bound: 2 in FLOPs a number of the result. A tile of rows x 16 columns stays in registers from the bias to the end;
// panels of one or two tiles are read from the second cache, pixels from the first.
#include "kernels/light_conv/pointwise.h"

#include <algorithm>

namespace wordmask::kernels::light {

namespace {
using simd::Floats;
using simd::kLanes;
// Numbers of pixels, read and written, that stay in the second cache while the panels pass by.
constexpr int64_t kTogether = 1 << 16;
constexpr int64_t kSummed = 64;  // inputs that one accumulator sums: more of them would round too often

// The first n of a vector's sums, or all of them.
WORDMASK_INLINE void finish(const Pointwise& layer, Floats sum, int64_t at, int64_t n) {
  float* to = layer.result + at;
  const float* other = layer.other ? layer.other + at : nullptr;
  if (n >= kLanes) {
    if (other) sum += load<Floats>(other);
    store(to, applied(sum, layer.after));
  } else if (n == 8) {
    auto half = lower(sum);
    if (other) half += load<Eight>(other);
    store(to, applied(half, layer.after));
  } else {
    if (other) sum += load(other, n);
    store(to, applied(sum, layer.after), n);
  }
}

template <int rows, int vectors>
struct Tile {
  Floats sums[rows][vectors];
};

// The products of `count` inputs of the rows at x, `in` numbers apart, added.
template <bool wide, int rows, int vectors>
WORDMASK_INLINE void multiply(const float* x, int64_t in, const float* weights, int64_t panel, int64_t count,
                              Tile<rows, vectors>& to) {
  for (int64_t i = 0; i < count; ++i, weights += kLanes) {
    Floats w[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) w[v] = load(weights + v * panel);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) {
      const Floats value = simd::splat<wide>(x[r * in + i]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) to.sums[r][v] += value * w[v];
    }
  }
}

template <bool wide, int rows, int vectors>
WORDMASK_INLINE void tile(const Pointwise& layer, int64_t pixel, int64_t column) {
  const int64_t in = layer.in, panel = (in + 1) * kLanes;
  const float* x = layer.x + pixel * in;
  const float* weights = layer.panels + column / kLanes * panel;
  Tile<rows, vectors> all;
#pragma GCC unroll 12
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) all.sums[r][v] = load(weights + v * panel);
  weights += kLanes;
  multiply<wide>(x, in, weights, panel, std::min(in, kSummed), all);
  for (int64_t i = kSummed; i < in; i += kSummed) {
    Tile<rows, vectors> part{};
    multiply<wide>(x + i, in, weights + i * kLanes, panel, std::min(in - i, kSummed), part);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) all.sums[r][v] += part.sums[r][v];
  }
#pragma GCC unroll 12
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const int64_t first = column + v * kLanes;
      finish(layer, all.sums[r][v], (pixel + r) * layer.out + first, layer.out - first);
    }
  }
}

template <bool wide, int rows, int vectors>
WORDMASK_INLINE void columns(const Pointwise& layer, int64_t column, int64_t begin, int64_t end) {
  int64_t pixel = begin;
  for (; pixel + rows <= end; pixel += rows) tile<wide, rows, vectors>(layer, pixel, column);
  for (; pixel + 2 <= end; pixel += 2) tile<wide, 2, vectors>(layer, pixel, column);
  if (pixel < end) tile<wide, 1, vectors>(layer, pixel, column);
}

template <bool wide, int rows, int vectors>
WORDMASK_INLINE void block(const Pointwise& layer, int64_t begin, int64_t end) {
  int64_t column = 0;
  if constexpr (vectors > 1) {
    for (; column + (vectors - 1) * kLanes < layer.out; column += vectors * kLanes)
      columns<wide, rows, vectors>(layer, column, begin, end);
  }
  for (; column < layer.out; column += kLanes) columns<wide, rows, 1>(layer, column, begin, end);
}

template <bool wide, int rows, int vectors>
WORDMASK_INLINE void all(const Pointwise& layer, int64_t begin, int64_t end) {
  const int64_t together = (kTogether / (layer.in + layer.out) + rows) / rows * rows;
  for (; begin < end; begin += together) block<wide, rows, vectors>(layer, begin, std::min(end, begin + together));
}

WORDMASK_TARGET_AVX512 void all_avx512(const Pointwise& layer, int64_t begin, int64_t end) {
  all<true, 12, 2>(layer, begin, end);
}
WORDMASK_TARGET_AVX2 void all_avx2(const Pointwise& layer, int64_t begin, int64_t end) {
  all<false, 6, 1>(layer, begin, end);
}
void all_default(const Pointwise& layer, int64_t begin, int64_t end) { all<false, 2, 1>(layer, begin, end); }
}  // namespace

void pointwise(const Pointwise& layer, int64_t begin, int64_t end) {
  switch (isa()) {
    case simd::Isa::kAvx512:
      return all_avx512(layer, begin, end);
    case simd::Isa::kAvx2:
      return all_avx2(layer, begin, end);
    case simd::Isa::kDefault:
      return all_default(layer, begin, end);
  }
}

}  // namespace wordmask::kernels::light

#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/simd.h"

// Products of pixels [rows, channels] and weights [channels, columns], inlined into a function for each instruction
// set: R rows x V vectors of sums stay in registers.
namespace wordmask::kernels::winograd {

// Channels that are summed before what was summed earlier is added: rounding grows with the length of a sum. Summed 96
// at a time the whole convolution would have 1.5 times the error; this costs 2% of the time.
constexpr int64_t kSum = 32;

template <class Vector>
WORDMASK_INLINE Vector broadcast(float value) {
  using Indices = decltype(Vector{} < Vector{});
  return __builtin_shuffle(Vector{value}, Indices{});
}

// c[r][0 .. V vectors) = or += sum over i < n of a[r * a_stride + i] * b[i * columns ..]
template <class Vector, int R, int V>
WORDMASK_INLINE void multiply(const float* a, int64_t a_stride, const float* b, int64_t columns, int64_t n, float* c,
                              bool add) {
  constexpr int64_t kWidth = sizeof(Vector) / sizeof(float);
  Vector acc[R][V]{};
  for (int64_t i = 0; i < n; ++i) {
    Vector column[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) column[v] = simd::load<Vector>(b + i * columns + v * kWidth);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Vector factor = broadcast<Vector>(a[r * a_stride + i]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[r][v] += factor * column[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      float* to = c + r * columns + v * kWidth;
      simd::store(to, add ? simd::load<Vector>(to) + acc[r][v] : acc[r][v]);
    }
}

// All rows: R at a time, then what is left by halves.
template <class Vector, int R, int V>
WORDMASK_INLINE void multiply_rows(const float* a, int64_t a_stride, const float* b, int64_t columns, int64_t n,
                                   float* c, int64_t rows, bool add) {
  for (; rows >= R; rows -= R, a += R * a_stride, c += R * columns)
    for (int64_t v = 0; v < columns; v += V * sizeof(Vector) / sizeof(float))
      for (int64_t i = 0; i < n; i += kSum)
        multiply<Vector, R, V>(a + i, a_stride, b + i * columns + v, columns, std::min(kSum, n - i), c + v,
                               add || i > 0);
  if constexpr (R > 1) multiply_rows<Vector, R / 2, V>(a, a_stride, b, columns, n, c, rows, add);
}

}  // namespace wordmask::kernels::winograd

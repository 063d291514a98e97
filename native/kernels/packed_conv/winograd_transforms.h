#pragma once
#include "kernels/simd.h"

// The transforms of Winograd's F(4x4, 3x3): with them four by four numbers of a 3x3 convolution cost 36 products a
// channel instead of 144. Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; the matrices
// follow from polynomials through 0, +-kA, +-kB and infinity. Points at +-5/8 and +-3/2 leave less than half of the
// error of the usual 1 and 2: of all such pairs the best by trial, and squares and products of them are exact.
namespace wordmask::kernels::winograd {

using simd::Floats;

constexpr float kA = 0.625F, kB = 1.5F, kA2 = kA * kA, kB2 = kB * kB;

// One dimension: six pixels, S apart, to six positions.
template <int S>
WORDMASK_INLINE void transform_pixels(const Floats* d, Floats* t) {
  const Floats d0 = d[0], d1 = d[S], d2 = d[2 * S], d3 = d[3 * S], d4 = d[4 * S], d5 = d[5 * S];
  const Floats even_a = d4 - kB2 * d2, odd_a = d3 - kB2 * d1, even_b = d4 - kA2 * d2, odd_b = d3 - kA2 * d1;
  t[0] = d4 - (kA2 + kB2) * d2 + kA2 * kB2 * d0;
  t[S] = even_a + kA * odd_a;
  t[2 * S] = even_a - kA * odd_a;
  t[3 * S] = even_b + kB * odd_b;
  t[4 * S] = even_b - kB * odd_b;
  t[5 * S] = d5 - (kA2 + kB2) * d3 + kA2 * kB2 * d1;
}

// Three weights, `s` apart, to six positions, `to` apart.
WORDMASK_INLINE void transform_weights(const Floats* g, int s, Floats* t, int to) {
  constexpr float kNone = 1 / (kA2 * kB2), kAtA = 1 / (2 * kA2 * (kA2 - kB2)), kAtB = 1 / (2 * kB2 * (kB2 - kA2));
  const Floats g0 = g[0], g1 = g[s], g2 = g[2 * s];
  const Floats even_a = kAtA * g0 + kAtA * kA2 * g2, even_b = kAtB * g0 + kAtB * kB2 * g2;
  t[0] = kNone * g0;
  t[to] = even_a + kAtA * kA * g1;
  t[2 * to] = even_a - kAtA * kA * g1;
  t[3 * to] = even_b + kAtB * kB * g1;
  t[4 * to] = even_b - kAtB * kB * g1;
  t[5 * to] = g2;
}

// Six positions, S apart, to four numbers of the result, S apart.
template <int S>
WORDMASK_INLINE void transform_sums(const Floats* m, Floats* y) {
  const Floats m0 = m[0], m5 = m[5 * S];
  const Floats sum_a = m[S] + m[2 * S], odd_a = m[S] - m[2 * S], sum_b = m[3 * S] + m[4 * S],
               odd_b = m[3 * S] - m[4 * S];
  y[0] = m0 + sum_a + sum_b;
  y[S] = kA * odd_a + kB * odd_b;
  y[2 * S] = kA2 * sum_a + kB2 * sum_b;
  y[3 * S] = kA2 * kA * odd_a + kB2 * kB * odd_b + m5;
}

}  // namespace wordmask::kernels::winograd

#pragma once
#include "kernels/simd.h"

namespace wordmask::kernels::light {

using simd::Eight;
using simd::load;
using simd::store;

// The vectors that the kernels compute with: this machine's (simd.h), or narrower ones (limit.h).
simd::Isa isa();

// What follows the sum; NaN stays NaN.
struct After {
  bool relu;
  float ceiling;  // infinity: none
};

// Widths of MobileNetV2 are multiples of eight.
WORDMASK_INLINE Eight lower(simd::Floats value) {
  return __builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7);
}

template <class Vector>
WORDMASK_INLINE Vector applied(Vector value, const After& after) {
  if (!after.relu) return value;
  value = value < 0 ? Vector{} : value;
  return value > after.ceiling ? after.ceiling - Vector{} : value;
}

}  // namespace wordmask::kernels::light

#pragma once
#include <cstring>

#include "kernels/simd.h"

namespace wordmask::kernels::light {

// The vectors that the kernels compute with: this machine's (simd.h), or narrower ones (limit.h).
simd::Isa isa();

// What follows the sum; NaN stays NaN.
struct After {
  bool relu;
  float ceiling;  // infinity: none
};

// Widths of MobileNetV2 are multiples of eight.
using Eight = float __attribute__((vector_size(32)));

WORDMASK_INLINE Eight lower(simd::Floats value) {
  return __builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7);
}

template <class Vector>
WORDMASK_INLINE Vector load(const float* from) {
  Vector result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}

template <class Vector>
WORDMASK_INLINE void store(float* to, Vector value) {
  std::memcpy(to, &value, sizeof(value));
}

template <class Vector>
WORDMASK_INLINE Vector applied(Vector value, const After& after) {
  if (!after.relu) return value;
  value = value < 0 ? Vector{} : value;
  return value > after.ceiling ? after.ceiling - Vector{} : value;
}

}  // namespace wordmask::kernels::light

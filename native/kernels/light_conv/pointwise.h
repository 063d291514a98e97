#pragma once
#include <cstdint>

#include "kernels/light_conv/after.h"

namespace wordmask::kernels::light {

// out[p, o] = after(bias[o] + sum over i of x[p, i] W[o, i] + other[p, o]), pixels [begin, end).
struct Pointwise {
  const float* x;       // [pixels, in]
  const float* panels;  // of 16 outputs each: [in + 1, 16], the bias first; outputs that are none are zeros
  const float* other;   // [pixels, out], or null
  float* result;        // [pixels, out]
  int64_t in, out;
  After after;
};

void pointwise(const Pointwise& layer, int64_t begin, int64_t end);

}  // namespace wordmask::kernels::light

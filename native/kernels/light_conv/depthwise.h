#pragma once
#include <cstdint>

#include "kernels/light_conv/after.h"

namespace wordmask::kernels::light {

// A 3x3 convolution of every channel by itself, rows [begin, end) of the pictures' rows one after the other.
struct Depthwise {
  const float* x;        // [b, height, width, channels]
  const float* weights;  // [10, channels]: the bias, then the taps row by row
  float* result;         // [b, rows, columns, channels]
  int64_t channels, height, width, rows, columns;
  int64_t stride, padding, dilation;
  After after;
};

void depthwise(const Depthwise& layer, int64_t begin, int64_t end);

}  // namespace wordmask::kernels::light

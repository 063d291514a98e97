#pragma once
#include <cstdint>

namespace wordmask::kernels::light {

// Pictures as a 3x3 convolution of few channels looks at them: a row of channels x 9 numbers for every pixel of its
// result, zeros beyond the picture.
struct Patches {
  const float* x;                         // [b, channels, height, width], in any order
  int64_t picture, channel, down, right;  // steps between numbers of x
  int64_t channels, height, width, rows, columns;
  int64_t stride, padding, dilation;
};

// The rows of pixels [begin, end) of the result, pictures one after the other.
void patches(const Patches& given, int64_t begin, int64_t end, float* to);

}  // namespace wordmask::kernels::light

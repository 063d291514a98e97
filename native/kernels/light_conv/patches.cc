#include "kernels/light_conv/patches.h"

#include <cstring>

namespace wordmask::kernels::light {

namespace {
// Three neighbours of a row, of which some may lie beyond it.
void three(const Patches& given, const float* row, int64_t x, float* to) {
  for (int k = 0; k < 3; ++k, x += given.dilation) to[k] = x >= 0 && x < given.width ? row[x * given.right] : 0;
}

void patch(const Patches& given, const float* picture, int64_t y, int64_t x, float* to) {
  const bool whole = given.right == 1 && given.dilation == 1 && x >= 0 && x + 2 < given.width;
  for (int64_t c = 0; c < given.channels; ++c) {
    for (int k = 0; k < 3; ++k, to += 3) {
      const int64_t line = y + k * given.dilation;
      const float* row = picture + c * given.channel + line * given.down;
      if (line < 0 || line >= given.height) {
        std::memset(to, 0, 3 * sizeof(float));
      } else if (whole) {
        std::memcpy(to, row + x, 3 * sizeof(float));
      } else {
        three(given, row, x, to);
      }
    }
  }
}
}  // namespace

void patches(const Patches& given, int64_t begin, int64_t end, float* to) {
  const int64_t numbers = given.channels * 9;
  for (int64_t pixel = begin; pixel < end; ++pixel, to += numbers) {
    const int64_t line = pixel / given.columns;
    patch(given, given.x + line / given.rows * given.picture, line % given.rows * given.stride - given.padding,
          pixel % given.columns * given.stride - given.padding, to);
  }
}

}  // namespace wordmask::kernels::light

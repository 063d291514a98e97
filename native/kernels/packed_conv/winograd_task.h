#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/simd.h"

// What one thread does for one piece of the result, a run of tiles and a run of output channels, and in which memory.
namespace wordmask::kernels::winograd {

using simd::kLanes;

constexpr int64_t kOut = 4, kIn = 6, kPositions = kIn * kIn;  // a tile's result, its pixels, and what they become
constexpr int64_t kDepth = 96;  // channels of a block at most: of 48 columns a position is 18 KiB, in the first cache

inline int64_t quotient(int64_t n, int64_t by) { return (n + by - 1) / by; }
inline int64_t round_up(int64_t n, int64_t step) { return quotient(n, step) * step; }

struct Shape {
  int64_t b, in, h, w, out, dilation;
  int64_t panel;  // output channels that are computed together, a divisor of `out`

  // A dilated convolution is an undilated one of each of the pictures that every dilation-th row and column make.
  int64_t phase_rows() const { return std::min(dilation, h); }
  int64_t phase_columns() const { return std::min(dilation, w); }
  int64_t tile_rows() const { return quotient(h, kOut * dilation); }
  int64_t tile_columns() const { return quotient(w, kOut * dilation); }
  int64_t tiles() const { return b * phase_rows() * phase_columns() * tile_rows() * tile_columns(); }
  int64_t depth() const {  // channels of a block: about the same in each
    return round_up(quotient(in, quotient(in, kDepth)), kLanes);
  }
  int64_t blocks() const { return quotient(in, depth()); }
};

// Of a thread. Positions lie a little apart from a power of two, which would put them all into the same few cache
// lines.
struct Scratch {
  float* pixels;   // [block][position][tile][depth]
  float* weights;  // [position][depth][panel]
  float* sums;     // [position][tile][panel]
  float* zeros;    // [in], what lies outside of the picture
};

struct ScratchSizes {
  int64_t pixels_step, weights_step, sums_step, pixels, weights, sums, zeros;
  ScratchSizes(const Shape& s, int64_t tiles)
      : pixels_step(tiles * s.depth() + kLanes),
        weights_step(s.depth() * s.panel + kLanes),
        sums_step(tiles * s.panel + kLanes),
        pixels(s.blocks() * kPositions * pixels_step),
        weights(kPositions * weights_step),
        sums(kPositions * sums_step),
        zeros(round_up(s.in, kLanes)) {}
  int64_t total() const { return pixels + weights + sums + zeros; }
};

struct Task {
  const Shape* shape;
  const float *x, *weight, *bias, *other;  // x, other, y: channels last; bias, other: may be null
  float* y;
  bool relu;
  int64_t first_tile, tiles;  // at most those of the scratch
  int64_t first_panel, panels;
};

struct Corner {  // the first pixel of a tile's result
  int64_t image, y, x;
};

inline Corner corner_of(const Shape& s, int64_t tile) {
  const int64_t column = tile % s.tile_columns(), row = (tile /= s.tile_columns()) % s.tile_rows(),
                right = (tile /= s.tile_rows()) % s.phase_columns(),
                down = (tile /= s.phase_columns()) % s.phase_rows();
  return {tile / s.phase_rows(), row * kOut * s.dilation + down, column * kOut * s.dilation + right};
}

}  // namespace wordmask::kernels::winograd

#pragma once
#include "kernels/packed_conv/winograd_product.h"
#include "kernels/packed_conv/winograd_task.h"
#include "kernels/packed_conv/winograd_transforms.h"

// The loops of a task: pixels to positions, weights to positions, their products, sums to the result.
namespace wordmask::kernels::winograd {

WORDMASK_INLINE Floats load_some(const float* from, int64_t n) {
  return n >= kLanes ? simd::load(from) : simd::load(from, n);
}

WORDMASK_INLINE void read_tile(const Task& task, int64_t i, const ScratchSizes& sizes, const Scratch& scratch) {
  const Shape& s = *task.shape;
  const auto [image, top, left] = corner_of(s, task.first_tile + i);
  const float* pixel[kPositions];
  for (int64_t p = 0; p < kPositions; ++p) {
    const int64_t y = top + (p / kIn - 1) * s.dilation, x = left + (p % kIn - 1) * s.dilation;
    const bool inside = y >= 0 && y < s.h && x >= 0 && x < s.w;
    pixel[p] = inside ? task.x + ((image * s.h + y) * s.w + x) * s.in : scratch.zeros;
  }
  for (int64_t c = 0; c < s.in; c += kLanes) {
    Floats d[kPositions];
    for (int64_t p = 0; p < kPositions; ++p) d[p] = load_some(pixel[p] + c, s.in - c);
#pragma GCC unroll 6
    for (int column = 0; column < kIn; ++column) transform_pixels<kIn>(d + column, d + column);
    float* to = scratch.pixels + c / s.depth() * kPositions * sizes.pixels_step + i * s.depth() + c % s.depth();
#pragma GCC unroll 6
    for (int row = 0; row < kIn; ++row) {
      transform_pixels<1>(d + row * kIn, d + row * kIn);
#pragma GCC unroll 6
      for (int column = 0; column < kIn; ++column)
        simd::store(to + (row * kIn + column) * sizes.pixels_step, d[row * kIn + column]);
    }
  }
}

// weight: [panel][in][9][columns]
WORDMASK_INLINE void read_weights(const Task& task, int64_t panel, int64_t first, int64_t count,
                                  const ScratchSizes& sizes, const Scratch& scratch) {
  const Shape& s = *task.shape;
  const float* from = task.weight + (panel * s.in + first) * 9 * s.panel;
  for (int64_t c = 0; c < count; ++c, from += 9 * s.panel) {
    for (int64_t column = 0; column < s.panel; column += kLanes) {
      Floats g[9], half[kIn * 3];
#pragma GCC unroll 9
      for (int k = 0; k < 9; ++k) g[k] = simd::load(from + k * s.panel + column);
#pragma GCC unroll 3
      for (int k = 0; k < 3; ++k) transform_weights(g + k, 3, half + k, 3);
      float* to = scratch.weights + c * s.panel + column;
#pragma GCC unroll 6
      for (int row = 0; row < kIn; ++row) {
        Floats whole[kIn];
        transform_weights(half + row * 3, 1, whole, 1);
#pragma GCC unroll 6
        for (int k = 0; k < kIn; ++k) simd::store(to + (row * kIn + k) * sizes.weights_step, whole[k]);
      }
    }
  }
}

WORDMASK_INLINE void write_tile(const Task& task, int64_t i, int64_t panel, const ScratchSizes& sizes,
                                const Scratch& scratch) {
  const Shape& s = *task.shape;
  const auto [image, top, left] = corner_of(s, task.first_tile + i);
  for (int64_t column = 0; column < s.panel; column += kLanes) {
    const int64_t channel = panel * s.panel + column;
    Floats m[kPositions];
    const float* from = scratch.sums + i * s.panel + column;
    for (int64_t p = 0; p < kPositions; ++p) m[p] = simd::load(from + p * sizes.sums_step);
#pragma GCC unroll 6
    for (int k = 0; k < kIn; ++k) transform_sums<kIn>(m + k, m + k);
    const Floats bias = task.bias ? simd::load(task.bias + channel) : Floats{};
#pragma GCC unroll 4
    for (int row = 0; row < kOut; ++row) {
      transform_sums<1>(m + row * kIn, m + row * kIn);
      const int64_t y = top + row * s.dilation;
      for (int k = 0; k < kOut; ++k) {
        const int64_t x = left + k * s.dilation;
        if (y >= s.h || x >= s.w) continue;
        const int64_t at = ((image * s.h + y) * s.w + x) * s.out + channel;
        Floats value = m[row * kIn + k] + bias;
        if (task.other) value += simd::load(task.other + at);
        if (task.relu) value = value < 0 ? Floats{} : value;  // NaN stays
        simd::store(task.y + at, value);
      }
    }
  }
}

template <class Vector, int R, int V>
WORDMASK_INLINE void convolve(const Task& task, const ScratchSizes& sizes, const Scratch& scratch) {
  const Shape& s = *task.shape;
  const int64_t depth = s.depth();
  for (int64_t i = 0; i < task.tiles; ++i) read_tile(task, i, sizes, scratch);
  for (int64_t panel = task.first_panel; panel < task.first_panel + task.panels; ++panel) {
    for (int64_t block = 0; block < s.blocks(); ++block) {
      const int64_t count = std::min(depth, s.in - block * depth);
      read_weights(task, panel, block * depth, count, sizes, scratch);
      for (int64_t p = 0; p < kPositions; ++p)
        multiply_rows<Vector, R, V>(scratch.pixels + (block * kPositions + p) * sizes.pixels_step, depth,
                                    scratch.weights + p * sizes.weights_step, s.panel, count,
                                    scratch.sums + p * sizes.sums_step, task.tiles, block > 0);
    }
    for (int64_t i = 0; i < task.tiles; ++i) write_tile(task, i, panel, sizes, scratch);
  }
}

}  // namespace wordmask::kernels::winograd

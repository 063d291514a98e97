#pragma once
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/tile/tile.h"

namespace wordmask::kernels {

// Stored rows of `size` values -> the 32-bit units that TileKernels multiplies.
class RowReader {
 public:
  // pairs: bfloat16 rows stay bfloat16, two to a unit; other 16-bit rows are widened.
  RowReader(const TileKernels& tile, c10::ScalarType type, int64_t size, bool pairs)
      : widen_(type == c10::ScalarType::Float || pairs ? nullptr
               : type == c10::ScalarType::Half         ? tile.widen_half
                                                       : tile.widen_bfloat16),
        size_(size),
        bytes_(size * (type == c10::ScalarType::Float ? 4 : 2)),
        units_(pairs ? (size + 1) / 2 : size) {}

  int64_t units() const { return units_; }
  // `to` holds units() zeros or an earlier row of this reader: a last half unit is left alone.
  void read(const void* from, float* to) const {
    if (widen_)
      widen_(static_cast<const uint16_t*>(from), size_, to);
    else
      std::memcpy(to, from, bytes_);
  }

 private:
  TileKernels::Widen widen_;
  int64_t size_, bytes_, units_;
};

// A few rows for TileKernels::multiply. Kept apart, so that rows of 2^n values do not meet in one set of the cache.
class RowBlock {
 public:
  RowBlock(const TileKernels& tile, int64_t units) : stride_(units + 16), values_(tile.rows * stride_) {}
  float* row(int64_t r) { return values_.data() + r * stride_; }
  const float* data() const { return values_.data(); }
  int64_t stride() const { return stride_; }

 private:
  int64_t stride_;
  std::vector<float> values_;
};

// Up to `columns` rows turned into panels [units, tile.columns]; columns never set hold zeros or earlier ones.
class Panels {
 public:
  Panels(const TileKernels& tile, int64_t units, int64_t columns)
      : width_(tile.columns), units_(units), values_((columns + width_ - 1) / width_ * width_ * units) {}

  // Columns [first, first + count) from rows [0, count) of the block. Eight units of a row at a time: a cache line of
  // the panel is filled while it is at hand, and nothing is divided for each value.
  void set(int64_t first, const RowBlock& block, int64_t count) {
    constexpr int64_t kAtOnce = 8;
    for (int64_t begin = 0; begin < units_; begin += kAtOnce) {
      const int64_t end = std::min(units_, begin + kAtOnce);
      for (int64_t r = 0; r < count; ++r) {
        const float* from = block.data() + r * block.stride();
        float* to = values_.data() + (first + r) / width_ * width_ * units_ + (first + r) % width_;
        for (int64_t u = begin; u < end; ++u) to[u * width_] = from[u];
      }
    }
  }
  // The panel that begins with `column`, a multiple of tile.columns.
  const float* from(int64_t column) const { return values_.data() + column * units_; }

 private:
  int64_t width_, units_;
  std::vector<float> values_;
};

}  // namespace wordmask::kernels

#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <map>

namespace wordmask::models {

// Position tables are [1 + g * g, width]: the class token, then a g x g grid in raster order.

// Bicubic, half-pixel centres, no antialiasing (MaskCLIP, transformers) -> [1 + h * w, width]. The shape decides, not
// the number of cells: 7 x 28 is resized although it has as many cells as 14 x 14.
at::Tensor resize_position(const at::Tensor& table, int64_t h, int64_t w);

// Rows of the class token and of the h x w window whose upper left cell is (y, x).
at::Tensor window_position(const at::Tensor& table, int64_t y, int64_t x, int64_t h, int64_t w);

// Resized tables by (h, w), forgotten when the table itself changes. Only used where no gradient is wanted.
class PositionCache {
 public:
  at::Tensor get(const at::Tensor& table, int64_t h, int64_t w);

 private:
  const void* data_ = nullptr;
  uint32_t version_ = 0;
  std::map<std::array<int64_t, 2>, at::Tensor> resized_;
};

}  // namespace wordmask::models

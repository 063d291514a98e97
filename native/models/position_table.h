#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <map>

namespace wordmask::models {

// Position tables are [special + g * g, width]: the class token and what else stands before the patches, then a g x g
// grid in raster order.

struct PositionResize {
  int64_t special = 1;
  double offset = 0;       // above 0: sampled as if the new grid had h + offset by w + offset cells (DINO, DINOv2)
  bool antialias = false;  // DINOv2 with registers
  // The number of cells decides whether to resize, not their shape: 7 x 28 cells get the rows of 14 x 14 in raster
  // order. A defect that ReCo's copy of DeiT has and its published references were made with.
  bool by_count = false;
};

// Bicubic, half-pixel centres (by default as MaskCLIP and transformers do it) -> [special + h * w, width].
at::Tensor resize_position(const at::Tensor& table, int64_t h, int64_t w, const PositionResize& how = {});

// Rows of the class token and of the h x w window whose upper left cell is (y, x).
at::Tensor window_position(const at::Tensor& table, int64_t y, int64_t x, int64_t h, int64_t w);

// Resized tables by (h, w), forgotten when the table itself changes. Only used where no gradient is wanted, and for one
// way of resizing.
class PositionCache {
 public:
  at::Tensor get(const at::Tensor& table, int64_t h, int64_t w, const PositionResize& how = {});

 private:
  const void* data_ = nullptr;
  uint32_t version_ = 0;
  std::map<std::array<int64_t, 2>, at::Tensor> resized_;
};

}  // namespace wordmask::models

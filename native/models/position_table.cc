#include "models/position_table.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "base/recording.h"

namespace wordmask::models {

namespace {
constexpr size_t kCachedSizes = 32;

int64_t side_of(const at::Tensor& table, int64_t special = 1) {
  const auto cells = table.size(0) - special;
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(cells))));
  WM_CHECK(side > 0 && side * side == cells, code::kInvalidArgument, "Expected a position table of ", special,
           " + g * g rows but received ", table.size(0));
  return side;
}
}  // namespace

at::Tensor resize_position(const at::Tensor& table, int64_t h, int64_t w, const PositionResize& how) {
  const auto side = side_of(table, how.special), width = table.size(1);
  if ((h == side && w == side) || (how.by_count && h * w == side * side)) return table;
  const auto grid = table.slice(0, how.special).view({1, side, side, width}).permute({0, 3, 1, 2});
  std::optional<double> scale_h, scale_w;  // empty: h / side and w / side
  if (how.offset > 0) {
    scale_h = (static_cast<double>(h) + how.offset) / static_cast<double>(side);
    scale_w = (static_cast<double>(w) + how.offset) / static_cast<double>(side);
  }
  const auto resized = how.antialias
                           ? at::_upsample_bicubic2d_aa(grid, {h, w}, /*align_corners=*/false, scale_h, scale_w)
                           : at::upsample_bicubic2d(grid, {h, w}, /*align_corners=*/false, scale_h, scale_w);
  return at::cat({table.slice(0, 0, how.special), resized.permute({0, 2, 3, 1}).reshape({h * w, width})});
}

at::Tensor window_position(const at::Tensor& table, int64_t y, int64_t x, int64_t h, int64_t w) {
  const auto side = side_of(table), width = table.size(1);
  WM_CHECK(y >= 0 && x >= 0 && h > 0 && w > 0 && y + h <= side && x + w <= side, code::kInvalidArgument,
           "Expected a window inside the ", side, "x", side, " position grid but received ", h, "x", w, " at (", y,
           ", ", x, ")");
  const auto window = table.slice(0, 1).view({side, side, width}).slice(0, y, y + h).slice(1, x, x + w);
  return at::cat({table.slice(0, 0, 1), window.reshape({h * w, width})});
}

at::Tensor PositionCache::get(const at::Tensor& table, int64_t h, int64_t w, const PositionResize& how) {
  if (Recording::now()) return resize_position(table, h, w, how);
  if (table.data_ptr() != data_ || table._version() != version_ || resized_.size() >= kCachedSizes) {
    resized_.clear();
    data_ = table.data_ptr();
    version_ = table._version();
  }
  auto& entry = resized_[{h, w}];
  if (!entry.defined()) entry = resize_position(table, h, w, how);
  return entry;
}

}  // namespace wordmask::models

#include "kernels/mask_pool/axis.h"

#include <algorithm>
#include <cmath>

namespace wordmask::kernels::mask_pool {

namespace {
struct Share {
  int64_t cell, pixel;
  double weight;
};

std::vector<Share> areas(int64_t pixels, int64_t cells, double extent) {
  std::vector<Share> shares;
  const double side = static_cast<double>(pixels) / extent;  // of a cell, in pixels
  for (int64_t i = 0; i < cells; ++i) {
    const double from = static_cast<double>(i) * side;
    const double to = std::min(static_cast<double>(i + 1) * side, static_cast<double>(pixels));
    for (auto p = static_cast<int64_t>(from); p < pixels && static_cast<double>(p) < to; ++p) {
      const double covered = std::min(to, static_cast<double>(p + 1)) - std::max(from, static_cast<double>(p));
      if (covered > 0) shares.push_back({i, p, covered});
    }
  }
  return shares;
}

std::vector<Share> hats(int64_t pixels, int64_t cells, double extent) {
  std::vector<Share> shares;
  for (int64_t p = 0; p < pixels; ++p) {
    const double at =
        std::clamp((static_cast<double>(p) + 0.5) * extent / static_cast<double>(pixels) - 0.5, 0.0, cells - 1.0);
    const auto low = static_cast<int64_t>(at);
    const double high = at - static_cast<double>(low);
    shares.push_back({low, p, 1 - high});
    if (high > 0) shares.push_back({low + 1, p, high});
  }
  std::ranges::stable_sort(shares, {}, &Share::cell);
  return shares;
}
}  // namespace

Axis axis(int64_t pixels, int64_t cells, double extent, bool bilinear) {
  Axis result;
  const auto shares = bilinear ? hats(pixels, cells, extent) : areas(pixels, cells, extent);
  size_t next = 0;
  for (int64_t i = 0; i < cells; ++i) {
    const bool any = next < shares.size() && shares[next].cell == i;
    result.offset.push_back(static_cast<int64_t>(result.weight.size()));
    result.begin.push_back(any ? shares[next].pixel : 0);
    result.end.push_back(result.begin.back());
    for (; next < shares.size() && shares[next].cell == i; ++next) {
      result.weight.push_back(shares[next].weight);
      result.end.back() = shares[next].pixel + 1;
    }
  }
  return result;
}

}  // namespace wordmask::kernels::mask_pool

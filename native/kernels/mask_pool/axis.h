#pragma once
#include <cstdint>
#include <vector>

namespace wordmask::kernels::mask_pool {

// Along one axis: how much of each pixel a cell takes. Cell i takes weight[offset[i] + p - begin[i]] of the pixels p
// from begin[i] to end[i] - 1.
struct Axis {
  std::vector<int64_t> begin, end, offset;
  std::vector<double> weight;
  double of(int64_t cell, int64_t pixel) const { return weight[offset[cell] + pixel - begin[cell]]; }
};

// Area: the length of pixel p = [p, p + 1) inside cell i = [i, i + 1) * pixels / extent. Bilinear: the weight of cell i
// in the interpolation at clamp((p + 0.5) * extent / pixels - 0.5, 0, cells - 1).
Axis axis(int64_t pixels, int64_t cells, double extent, bool bilinear);

}  // namespace wordmask::kernels::mask_pool

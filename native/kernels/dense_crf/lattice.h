#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "kernels/dense_crf/dense_crf.h"

namespace wordmask::kernels::crf {

// K as splat, blur, slice on the permutohedral lattice of an image, with N on both sides: filter() of rows.h gives
// N K N of values. Points are numbered in the order in which the pixels, row by row, ask for them.
struct Lattice {
  int corners = 0;  // of a simplex: dimensions + 1
  int64_t pixels = 0, points = 0;
  // [pixels, corners]: the points that a pixel takes its value from, and their weights with N and the filter's gain.
  std::vector<int32_t> point;
  std::vector<float> weight;
  // The pixels that give a point its value, and their weights with N: [begin[i], begin[i + 1]) of point i.
  std::vector<int32_t> begin, pixel;
  std::vector<float> given;
  // [corners, points, 2]: both neighbours along each axis; `points` where there is none, which holds zeros.
  std::vector<int32_t> neighbours;

  double bytes() const {
    return 4.0 * static_cast<double>(point.size() + weight.size() + begin.size() + pixel.size() + given.size() +
                                     neighbours.size());
  }
};

// Over (x, y) / sigma_xy and, where sigma_rgb is not 0, rgb / sigma_rgb. The lattice of positions depends on nothing
// but the size and the width of its kernel: the last two of at most 1 megapixel are kept (some 90 bytes a pixel).
std::shared_ptr<const Lattice> lattice_of(const at::Tensor& image, const CrfGaussian& gaussian);

}  // namespace wordmask::kernels::crf

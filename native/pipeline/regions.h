#pragma once
#include <array>
#include <vector>

#include "base/image.h"

namespace wordmask::pipeline {

struct Region {
  int label = 0;
  int64_t area = 0;
  std::array<int, 4> bbox{};     // x, y, width, height
  std::vector<uint32_t> counts;  // COCO's uncompressed run lengths: column-major, starting with zeros
};

struct RegionOptions {
  int64_t min_area = 1;
  bool instances = false;  // one region a 4-connected component instead of one a label value
  std::vector<int> skip;   // label values left out (background, ignore)
};

// Ordered by label, then by first pixel in raster order.
std::vector<Region> regions(const LabelMap& labels, const RegionOptions& options);

// matrix[t * n + p]; pixels whose truth is `ignore` are left out; any other value >= n is
// ERR_WORDMASK_INVALID_ARGUMENT.
std::vector<double> confusion(const uint16_t* truth, const uint16_t* prediction, size_t pixels, int n, int ignore);

}  // namespace wordmask::pipeline

#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace wordmask::kernels {

struct LabelMapGrid {
  const float* scores;  // [h, w, classes]
  int64_t h, w, classes, height, width;
  double extent_h, extent_w;
};

// labels [height, width]; limit is 1 / threshold, 0 where there is none.
void launch_label_map(const LabelMapGrid& grid, float temperature, float limit, int32_t* labels, cudaStream_t stream);

}  // namespace wordmask::kernels

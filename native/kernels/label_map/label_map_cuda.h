#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace wordmask::kernels {

struct LabelGrid {
  const float* scores;  // [h, w, classes]
  int64_t h, w;
  double extent_h, extent_w;
};

struct LabelMapProblem {
  LabelGrid grid, factor;  // factor.scores null: there is none
  int64_t classes, height, width;
  float temperature;
};

// labels [height, width]; limit is 1 / threshold, 0 where there is none.
void launch_label_map(const LabelMapProblem& problem, float limit, int32_t* labels, cudaStream_t stream);

// labels and values [height, width, k], sums [height, width]
void launch_label_scores(const LabelMapProblem& problem, int64_t k, int32_t* labels, float* values, float* sums,
                         cudaStream_t stream);

}  // namespace wordmask::kernels

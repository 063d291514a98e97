#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace wordmask::kernels {

struct AffinityProblem {
  const void* features;  // [archives, images, positions, channels], one after the other
  bool bfloat16;         // else float32
  const float* weights;  // [archives, images, positions] or null
  int64_t archives, images, positions, channels;
  float* out;  // [archives, images, positions, images]
};

void launch_max_affinity(const AffinityProblem& problem, cudaStream_t stream);

}  // namespace wordmask::kernels

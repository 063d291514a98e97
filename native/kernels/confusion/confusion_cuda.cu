// Bound: both label maps are read once. A block counts in shared memory, 32 bits a cell, where the table fits there;
// what it counted goes to the result at its end.
#include "kernels/confusion/confusion_cuda.h"
#include "kernels/cuda/launch.cuh"

namespace wordmask::kernels {

namespace {
constexpr int kThreads = 256, kShared = 8192;       // cells: up to 90 classes
constexpr int64_t kPlacesPerBlock = kThreads * 64;  // far below what 32 bits count

__device__ int64_t label(const Labels& labels, int64_t place) {
  switch (labels.type) {
    case LabelType::kByte:
      return static_cast<const uint8_t*>(labels.values)[place];
    case LabelType::kUInt16:
      return static_cast<const uint16_t*>(labels.values)[place];
    case LabelType::kInt:
      return static_cast<const int32_t*>(labels.values)[place];
    default:
      return static_cast<const int64_t*>(labels.values)[place];
  }
}

__global__ void count_pairs(ConfusionProblem problem) {
  __shared__ unsigned counts[kShared];
  const int64_t cells = problem.classes * problem.classes;
  const bool here = cells <= kShared;
  if (here)
    for (int64_t i = threadIdx.x; i < cells; i += kThreads) counts[i] = 0;
  __syncthreads();

  const auto many = static_cast<uint64_t>(problem.classes);
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t place = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; place < problem.places;
       place += stride) {
    const int64_t t = label(problem.truth, place), p = label(problem.prediction, place);
    if (t == problem.ignore) continue;
    if (static_cast<uint64_t>(t) >= many || static_cast<uint64_t>(p) >= many)
      atomicMin(problem.wrong, static_cast<unsigned long long>(place));
    else if (here)
      atomicAdd(&counts[t * problem.classes + p], 1u);
    else
      atomicAdd(&problem.table[t * problem.classes + p], 1ull);
  }

  __syncthreads();
  if (!here) return;
  for (int64_t i = threadIdx.x; i < cells; i += kThreads)
    if (counts[i] != 0) atomicAdd(&problem.table[i], static_cast<unsigned long long>(counts[i]));
}
}  // namespace

void launch_confusion(const ConfusionProblem& problem, cudaStream_t stream) {
  launch(count_pairs, grid_for(problem.places, kPlacesPerBlock), kThreads, stream, problem);
}

}  // namespace wordmask::kernels

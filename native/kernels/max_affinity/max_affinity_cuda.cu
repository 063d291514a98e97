// Bound: (k P)^2 C multiply-adds an archive; every pair of images is multiplied both ways, so twice what symmetry would
// leave. A block keeps the running maxima of 64 positions of one image against all positions of another: of the
// [k P, k P] products only a tile of 64 by 64 is ever there, in shared memory.
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/tile.cuh"
#include "kernels/max_affinity/max_affinity_cuda.h"

namespace wordmask::kernels {

namespace {

template <class T>
__global__ void __launch_bounds__(tile::kThreads) best_matches(AffinityProblem problem) {
  __shared__ tile::Shared<T, T> shared;
  constexpr int kLanesPerRow = tile::kThreads / tile::kRows, kColumns = tile::kRows / kLanesPerRow;
  const int row = threadIdx.x / kLanesPerRow, first = threadIdx.x % kLanesPerRow * kColumns;
  const int64_t positions = problem.positions, images = problem.images, width = problem.channels;
  const int64_t tiles = (positions + tile::kRows - 1) / tile::kRows;
  const int64_t blocks = problem.archives * images * images * tiles;
  const auto* features = static_cast<const T*>(problem.features);

  for (int64_t block = blockIdx.x; block < blocks; block += gridDim.x) {
    // Blocks that read the same rows of image m follow each other.
    const int64_t n = block % images, from = block / images % tiles * tile::kRows, image = block / images / tiles;
    const int64_t other = image / images * images + n;
    const tile::Rows<T> rows{features + (image * positions + from) * width, positions - from, width};
    float best = -kInfinity;
    for (int64_t to = 0; to < positions; to += tile::kRows) {
      const tile::Rows<T> columns{features + (other * positions + to) * width, positions - to, width};
      tile::products(rows, columns, shared);
      for (int j = 0; j < kColumns; ++j) {
        const int64_t q = to + first + j;
        if (q >= positions) break;
        const float weight = problem.weights != nullptr ? problem.weights[other * positions + q] : 1;
        best = fmaxf(best, __fmul_rn(shared.out[row][first + j], weight));
      }
    }
    for (int offset = kLanesPerRow / 2; offset > 0; offset /= 2)
      best = fmaxf(best, __shfl_xor_sync(kAllLanes, best, offset));
    const int64_t p = from + row;
    if (first == 0 && p < positions) problem.out[(image * positions + p) * images + n] = best;
  }
}

}  // namespace

void launch_max_affinity(const AffinityProblem& problem, cudaStream_t stream) {
  const int64_t tiles = (problem.positions + tile::kRows - 1) / tile::kRows;
  const unsigned grid = grid_for(problem.archives * problem.images * problem.images * tiles, 1);
  launch(problem.bfloat16 ? best_matches<__nv_bfloat16> : best_matches<float>, grid, tile::kThreads, stream, problem);
}

}  // namespace wordmask::kernels

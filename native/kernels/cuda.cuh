#pragma once
// What every CUDA kernel of this folder shares: the size of a launch and reductions over a warp.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

namespace wordmask::kernels {

inline constexpr int kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffu;
inline constexpr float kInfinity = __builtin_huge_valf();

// Blocks for `items` at `per_block` each. Kernels go over their items in strides of the whole grid, so a cap costs
// nothing and no count of items is too large for a grid.
inline unsigned grid_for(int64_t items, int64_t per_block) {
  constexpr int64_t kMost = int64_t{1} << 20;
  return static_cast<unsigned>(std::clamp<int64_t>((items + per_block - 1) / per_block, 1, kMost));
}

struct Best {
  float value;
  int64_t index;
};

// The larger value; of equal ones the lower index.
__device__ inline Best better(Best a, Best b) {
  return b.value > a.value || (b.value == a.value && b.index < a.index) ? b : a;
}

__device__ inline Best warp_best(Best best) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    const Best other{__shfl_xor_sync(kAllLanes, best.value, offset), __shfl_xor_sync(kAllLanes, best.index, offset)};
    best = better(best, other);
  }
  return best;
}

__device__ inline float warp_sum(float value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(kAllLanes, value, offset);
  return value;
}

}  // namespace wordmask::kernels

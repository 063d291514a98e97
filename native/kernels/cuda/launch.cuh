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

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream, Arguments... arguments) {
#ifdef __CUDACC__
  kernel<<<grid, block, 0, stream>>>(arguments...);
#else  // test/cuda/emulator
  emulator::run(grid, block, [=] { kernel(arguments...); });
#endif
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

template <class Number>
__device__ inline Number warp_sum(Number value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(kAllLanes, value, offset);
  return value;
}

}  // namespace wordmask::kernels

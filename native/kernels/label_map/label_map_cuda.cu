// Bound: H * W * T interpolations. A warp takes a pixel, its lanes the classes, so that the four cells are read in
// whole lines; neighbouring pixels find them in the cache. No [T, H, W] volume is written.
#include "kernels/cuda.cuh"
#include "kernels/label_map/label_map_cuda.h"

namespace wordmask::kernels {

namespace {
constexpr int kWarpsPerBlock = 8;

struct Tap {
  int64_t low, high;
  float weight;  // of `high`
};

// The same roundings as on the CPU, hence no fused multiply-add.
__device__ Tap tap(int64_t i, int64_t size, int64_t cells, double extent) {
  const double centre = __ddiv_rn(__dmul_rn(static_cast<double>(i) + 0.5, extent), static_cast<double>(size));
  const double at = fmin(fmax(__dadd_rn(centre, -0.5), 0.0), static_cast<double>(cells - 1));
  const auto low = static_cast<int64_t>(at);
  return {low, low + 1 < cells ? low + 1 : cells - 1, static_cast<float>(at - static_cast<double>(low))};
}

__device__ float lerp(float low, float high, float weight) {
  return __fadd_rn(low, __fmul_rn(weight, __fsub_rn(high, low)));
}

__global__ void label_pixels(LabelMapGrid grid, float temperature, float limit, int32_t* labels) {
  const int lane = threadIdx.x;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock, count = grid.height * grid.width;
  for (int64_t pixel = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.y; pixel < count;
       pixel += stride) {
    const Tap y = tap(pixel / grid.width, grid.height, grid.h, grid.extent_h);
    const Tap x = tap(pixel % grid.width, grid.width, grid.w, grid.extent_w);
    const auto cell = [&](int64_t cy, int64_t cx) { return grid.scores + (cy * grid.w + cx) * grid.classes; };
    const float *top_left = cell(y.low, x.low), *top_right = cell(y.low, x.high);
    const float *bottom_left = cell(y.high, x.low), *bottom_right = cell(y.high, x.high);
    const auto score = [&](int64_t t) {
      return lerp(lerp(top_left[t], bottom_left[t], y.weight), lerp(top_right[t], bottom_right[t], y.weight), x.weight);
    };

    Best best{-kInfinity, 0};
    for (int64_t t = lane; t < grid.classes; t += kWarp) {
      const float value = score(t);
      if (value > best.value) best = {value, t};
    }
    best = warp_best(best);

    // 1 / sum exp(temperature * (score - best)) against the threshold; limit is 1 / threshold, 0 where there is none.
    bool none = false;
    if (limit > 0) {
      float sum = 0;
      for (int64_t t = lane; t < grid.classes; t += kWarp) sum += expf(temperature * (score(t) - best.value));
      none = warp_sum(sum) > limit;
    }
    if (lane == 0) labels[pixel] = none ? -1 : static_cast<int32_t>(best.index);
  }
}

}  // namespace

void launch_label_map(const LabelMapGrid& grid, float temperature, float limit, int32_t* labels, cudaStream_t stream) {
  label_pixels<<<grid_for(grid.height * grid.width, kWarpsPerBlock), dim3(kWarp, kWarpsPerBlock), 0, stream>>>(
      grid, temperature, limit, labels);
}

}  // namespace wordmask::kernels

// Bound: H * W * T interpolations (twice that with a threshold or sums, k times that for the k best). A warp takes a
// pixel, its lanes the classes, so that the four cells are read in whole lines; neighbouring pixels find them in the
// cache. No [T, H, W] volume is written.
#include "kernels/cuda/launch.cuh"
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

// The four cells of a grid around a pixel.
struct Corners {
  const float *top_left, *top_right, *bottom_left, *bottom_right;
  float down, across;

  __device__ Corners(const LabelGrid& grid, const LabelMapProblem& problem, int64_t pixel) {
    const Tap y = tap(pixel / problem.width, problem.height, grid.h, grid.extent_h);
    const Tap x = tap(pixel % problem.width, problem.width, grid.w, grid.extent_w);
    const auto cell = [&](int64_t cy, int64_t cx) { return grid.scores + (cy * grid.w + cx) * problem.classes; };
    top_left = cell(y.low, x.low), top_right = cell(y.low, x.high);
    bottom_left = cell(y.high, x.low), bottom_right = cell(y.high, x.high);
    down = y.weight, across = x.weight;
  }
  __device__ float at(int64_t t) const {
    return lerp(lerp(top_left[t], bottom_left[t], down), lerp(top_right[t], bottom_right[t], down), across);
  }
};

// The scores of a pixel.
struct Scores {
  Corners grid, factor;
  bool product;

  __device__ Scores(const LabelMapProblem& problem, int64_t pixel)
      : grid(problem.grid, problem, pixel),
        factor(problem.factor.scores != nullptr ? problem.factor : problem.grid, problem, pixel),
        product(problem.factor.scores != nullptr) {}
  __device__ float at(int64_t t) const { return product ? __fmul_rn(grid.at(t), factor.at(t)) : grid.at(t); }
};

// All lanes of a warp: the best class behind `last` in the order of the answer; NaN is never the best.
__device__ Best next_best(const Scores& scores, int64_t classes, Best last) {
  Best best{-kInfinity, 0};
  for (int64_t t = threadIdx.x; t < classes; t += kWarp) {
    const float value = scores.at(t);
    const bool behind = value < last.value || (value == last.value && t > last.index);
    if (behind && value > best.value) best = {value, t};
  }
  return warp_best(best);
}

__device__ float softmax_sum(const Scores& scores, int64_t classes, float temperature, float best) {
  float sum = 0;
  for (int64_t t = threadIdx.x; t < classes; t += kWarp) sum += expf(temperature * (scores.at(t) - best));
  return warp_sum(sum);
}

__global__ void label_pixels(LabelMapProblem problem, float limit, int32_t* labels) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock, count = problem.height * problem.width;
  for (int64_t pixel = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.y; pixel < count;
       pixel += stride) {
    const Scores scores(problem, pixel);
    const Best best = next_best(scores, problem.classes, {kInfinity, -1});
    const bool none = limit > 0 && softmax_sum(scores, problem.classes, problem.temperature, best.value) > limit;
    if (threadIdx.x == 0) labels[pixel] = none ? -1 : static_cast<int32_t>(best.index);
  }
}

__global__ void score_pixels(LabelMapProblem problem, int64_t k, int32_t* labels, float* values, float* sums) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock, count = problem.height * problem.width;
  for (int64_t pixel = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.y; pixel < count;
       pixel += stride) {
    const Scores scores(problem, pixel);
    Best best{kInfinity, -1};
    float most = 0;
    for (int64_t i = 0; i < k; ++i) {
      best = next_best(scores, problem.classes, best);
      if (i == 0) most = best.value;
      if (threadIdx.x == 0)
        labels[pixel * k + i] = static_cast<int32_t>(best.index), values[pixel * k + i] = best.value;
    }
    const float sum = softmax_sum(scores, problem.classes, problem.temperature, most);
    if (threadIdx.x == 0) sums[pixel] = sum;
  }
}

unsigned grid_of(const LabelMapProblem& problem) { return grid_for(problem.height * problem.width, kWarpsPerBlock); }
}  // namespace

void launch_label_map(const LabelMapProblem& problem, float limit, int32_t* labels, cudaStream_t stream) {
  launch(label_pixels, grid_of(problem), dim3(kWarp, kWarpsPerBlock), stream, problem, limit, labels);
}

void launch_label_scores(const LabelMapProblem& problem, int64_t k, int32_t* labels, float* values, float* sums,
                         cudaStream_t stream) {
  launch(score_pixels, grid_of(problem), dim3(kWarp, kWarpsPerBlock), stream, problem, k, labels, values, sums);
}

}  // namespace wordmask::kernels

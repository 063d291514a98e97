// Bound: the masks are read once (area) or up to four times, three of them from the cache (bilinear). A warp sums the
// pixels under a cell; the gradient gathers, a thread a pixel: no atomics, so that the bits do not change from run to
// run. Sums over features are LibTorch's matmul (mask_pool.cc).
#include "kernels/cuda/launch.cuh"
#include "kernels/mask_pool/mask_pool_cuda.h"

namespace wordmask::kernels {

namespace {
constexpr int kWarpsPerBlock = 8, kThreads = 256;

template <class Pixel, class Number>
__global__ void weigh_cells(MaskWeights<Pixel, Number> problem) {
  const auto &rows = problem.rows, &columns = problem.columns;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock;
  const int64_t cells = problem.count * rows.cells * columns.cells;
  for (int64_t cell = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.y; cell < cells; cell += stride) {
    const int64_t c = cell % columns.cells, r = cell / columns.cells % rows.cells,
                  k = cell / columns.cells / rows.cells;
    const int64_t top = rows.begin[r], high = rows.end[r] - top, left = columns.begin[c], wide = columns.end[c] - left;
    const Number *down = rows.weight + rows.offset[r], *across = columns.weight + columns.offset[c];
    const Pixel* corner = problem.masks + (k * rows.pixels + top) * columns.pixels + left;
    Number sum = 0;
    for (int64_t i = threadIdx.x; i < high * wide; i += kWarp) {
      const int64_t y = i / wide, x = i % wide;
      sum += down[y] * across[x] * static_cast<Number>(corner[y * columns.pixels + x]);
    }
    sum = warp_sum(sum);
    if (threadIdx.x == 0) problem.out[cell] = sum;
  }
}

// What a cell takes of a pixel; 0 where it takes nothing.
template <class Number>
__device__ Number share(const DeviceAxis<Number>& axis, int64_t cell, int64_t pixel) {
  const int64_t at = pixel - axis.begin[cell];
  return at >= 0 && pixel < axis.end[cell] ? axis.weight[axis.offset[cell] + at] : 0;
}

template <class Number>
__global__ void gather_gradient(MaskGradient<Number> problem) {
  const auto &rows = problem.rows, &columns = problem.columns;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads;
  const int64_t pixels = problem.count * rows.pixels * columns.pixels;
  for (int64_t pixel = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; pixel < pixels; pixel += stride) {
    const int64_t x = pixel % columns.pixels, y = pixel / columns.pixels % rows.pixels,
                  k = pixel / columns.pixels / rows.pixels;
    Number sum = 0;
    for (int64_t r = rows.first[y]; r <= rows.last[y]; ++r) {
      Number line = 0;
      for (int64_t c = columns.first[x]; c <= columns.last[x]; ++c)
        line += share(columns, c, x) * problem.gradient[(k * rows.cells + r) * columns.cells + c];
      sum += share(rows, r, y) * line;
    }
    problem.out[pixel] = sum;
  }
}

template <class Pixel, class Number>
void launch_weights(const MaskWeights<Pixel, Number>& problem, cudaStream_t stream) {
  const int64_t cells = problem.count * problem.rows.cells * problem.columns.cells;
  launch(weigh_cells<Pixel, Number>, grid_for(cells, kWarpsPerBlock), dim3(kWarp, kWarpsPerBlock), stream, problem);
}

template <class Number>
void launch_gradient(const MaskGradient<Number>& problem, cudaStream_t stream) {
  const int64_t pixels = problem.count * problem.rows.pixels * problem.columns.pixels;
  launch(gather_gradient<Number>, grid_for(pixels, kThreads), kThreads, stream, problem);
}
}  // namespace

void launch_mask_weights(const MaskWeights<uint8_t, float>& problem, cudaStream_t stream) {
  launch_weights(problem, stream);
}
void launch_mask_weights(const MaskWeights<float, float>& problem, cudaStream_t stream) {
  launch_weights(problem, stream);
}
void launch_mask_weights(const MaskWeights<double, double>& problem, cudaStream_t stream) {
  launch_weights(problem, stream);
}
void launch_mask_gradient(const MaskGradient<float>& problem, cudaStream_t stream) { launch_gradient(problem, stream); }
void launch_mask_gradient(const MaskGradient<double>& problem, cudaStream_t stream) {
  launch_gradient(problem, stream);
}

}  // namespace wordmask::kernels

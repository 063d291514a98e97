// Bound: the bytes under the window are read, resized across and written once as bytes, read again as often as a row
// has taps (from the cache), and 12 bytes a pixel written. A thread makes a pixel; the arithmetic is the CPU's, so the
// bits are too.
#include "kernels/cuda/launch.cuh"
#include "kernels/resize_normalize/resize_normalize_cuda.h"

namespace wordmask::kernels {

namespace {
constexpr int kThreads = 256;
constexpr int32_t kHalf = 1 << (kTapFraction - 1);

__device__ uint8_t cut(int32_t sum) {
  const int32_t value = sum >> kTapFraction;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

// Three channels of one pixel: `length` pixels, `step` bytes apart.
struct Pixel {
  uint8_t channel[3];

  __device__ Pixel(const uint8_t* from, int64_t step, const DeviceTaps& taps, int64_t at) {
    const int32_t* weight = taps.weight + at * taps.stride;
    int32_t sum[3] = {kHalf, kHalf, kHalf};
    for (int32_t t = 0; t < taps.length[at]; ++t, from += step)
      for (int c = 0; c < 3; ++c) sum[c] += weight[t] * from[c];
    for (int c = 0; c < 3; ++c) channel[c] = cut(sum[c]);
  }
};

__global__ void resize_across(ResizeAcross problem) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads, count = problem.rows * problem.width;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += stride) {
    const int64_t x = i % problem.width, y = problem.first_row + i / problem.width;
    const Pixel pixel(problem.image + (y * problem.image_width + problem.taps.first[x]) * 3, 3, problem.taps, x);
    for (int c = 0; c < 3; ++c) problem.out[i * 3 + c] = pixel.channel[c];
  }
}

__global__ void resize_down(ResizeDown problem) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads, count = problem.height * problem.width;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += stride) {
    const int64_t x = i % problem.width, y = i / problem.width, pitch = problem.width * 3;
    const int64_t row = problem.taps.first[y] - problem.first_row;
    const Pixel pixel(problem.lines + row * pitch + x * 3, pitch, problem.taps, y);
    for (int c = 0; c < 3; ++c) {
      const float value = __fdiv_rn(static_cast<float>(pixel.channel[c]), 255.0f);
      problem.out[c * count + i] = __fdiv_rn(__fsub_rn(value, problem.mean[c]), problem.std[c]);
    }
  }
}
}  // namespace

void launch_resize_across(const ResizeAcross& problem, cudaStream_t stream) {
  launch(resize_across, grid_for(problem.rows * problem.width, kThreads), kThreads, stream, problem);
}

void launch_resize_down(const ResizeDown& problem, cudaStream_t stream) {
  launch(resize_down, grid_for(problem.height * problem.width, kThreads), kThreads, stream, problem);
}

}  // namespace wordmask::kernels

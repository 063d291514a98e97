#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace wordmask::kernels {

inline constexpr int kTapFraction = 22;  // bits behind the point of a weight

// taps.h on the device.
struct DeviceTaps {
  const int32_t *first, *length, *weight;
  int64_t stride;
};

// Rows first_row .. first_row + rows - 1 of an image [., image_width, 3] -> bytes [rows, width, 3]
struct ResizeAcross {
  const uint8_t* image;
  int64_t image_width, first_row, rows, width;
  DeviceTaps taps;
  uint8_t* out;
};
void launch_resize_across(const ResizeAcross& problem, cudaStream_t stream);

// Those bytes -> float [3, height, width], normalised
struct ResizeDown {
  const uint8_t* lines;
  int64_t first_row, height, width;
  DeviceTaps taps;
  float mean[3], std[3];
  float* out;
};
void launch_resize_down(const ResizeDown& problem, cudaStream_t stream);

}  // namespace wordmask::kernels

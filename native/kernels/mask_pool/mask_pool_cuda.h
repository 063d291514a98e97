#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace wordmask::kernels {

// axis.h on the device: cell i takes weight[offset[i] + p - begin[i]] of the pixels p from begin[i] to end[i] - 1.
template <class Number>
struct DeviceAxis {
  const int64_t *begin, *end, *offset;
  const Number* weight;
  const int64_t *first, *last;  // a pixel: the cells that may take of it; for the gradient alone
  int64_t pixels, cells;
};

// masks [count, rows.pixels, columns.pixels] -> out [count, rows.cells, columns.cells]
template <class Pixel, class Number>
struct MaskWeights {
  const Pixel* masks;
  int64_t count;
  DeviceAxis<Number> rows, columns;
  Number* out;
};
void launch_mask_weights(const MaskWeights<uint8_t, float>& problem, cudaStream_t stream);
void launch_mask_weights(const MaskWeights<float, float>& problem, cudaStream_t stream);
void launch_mask_weights(const MaskWeights<double, double>& problem, cudaStream_t stream);

// The transpose: gradient [count, rows.cells, columns.cells] -> out [count, rows.pixels, columns.pixels]
template <class Number>
struct MaskGradient {
  const Number* gradient;
  int64_t count;
  DeviceAxis<Number> rows, columns;
  Number* out;
};
void launch_mask_gradient(const MaskGradient<float>& problem, cudaStream_t stream);
void launch_mask_gradient(const MaskGradient<double>& problem, cudaStream_t stream);

}  // namespace wordmask::kernels

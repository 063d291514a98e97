#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

struct NormOptions {
  double eps = 1e-5;
  double scale = 1;  // of the normalised rows, after gain and bias
  at::ScalarType dtype = at::kFloat;
};

// stream [..., width] float32 contiguous is changed in place: stream += delta_scale * delta, delta float32 or bfloat16
// of the same sizes; an undefined delta adds nothing. Then, width by width,
//   (stream - mean) / sqrt(variance + eps) * gain + bias, times options.scale -> options.dtype (float32 or bfloat16).
// Statistics are float32 over rows in cache: mean first, then the mean square of what remains.
at::Tensor residual_norm(at::Tensor& stream, const at::Tensor& delta, double delta_scale, const at::Tensor& gain,
                         const at::Tensor& bias, const NormOptions& options);

// stream += scale * delta alone, in place; delta float32 or bfloat16.
void residual_add(at::Tensor& stream, const at::Tensor& delta, double scale);

}  // namespace wordmask::kernels

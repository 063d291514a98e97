#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

// A convolution whose weight is laid out once, with what follows it applied while the result is still in registers.
// Forward only, on the CPU, where can_pack (packed_linear.h) says so; tensors are channels-last. Its form, oneDNN's
// (onednn.h) or for many 3x3 convolutions in float32 Winograd's (winograd.h), is chosen once, when the weight is
// packed.
struct ConvOptions {
  int64_t stride = 1, padding = 0;
  bool relu = false;  // after everything else
  int64_t dilation = 1, groups = 1;
  double ceiling = 0;  // above 0: where the ReLU ends, 6 for ReLU6; not together with `other`
};

// [out, in / groups, k, k] -> an opaque tensor; unpack_conv gives the same bits back, in any mode. `input`: the sizes
// [b, in, H, W] it is going to meet. The best form and order depend on them; of an order for others, or for none,
// oneDNN makes a copy in its own order in every call, which can take longer than the convolution.
at::Tensor pack_conv(const at::Tensor& weight, const ConvOptions& options, at::IntArrayRef input);
at::Tensor unpack_conv(const at::Tensor& packed);

// relu?(conv(x) + bias? + other?): x [b, in, H, W] -> [b, out, h, w]; other has the result's sizes, or is undefined;
// bias may be undefined. x, weight, bias and other share one dtype.
at::Tensor packed_conv(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const at::Tensor& other,
                       const ConvOptions& options);

}  // namespace wordmask::kernels

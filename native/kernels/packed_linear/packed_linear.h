#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

// A product with a weight matrix that is laid out once in the order oneDNN reads it, with the activation applied while
// the result is still in registers. Forward only: outside InferenceMode every function here is ERR_WORDMASK_INTERNAL or
// false, since the operator's backward silently gives undefined gradients.

enum class Fused { kNone, kGelu, kSwish };  // gelu: the exact one; swish(h) = h * sigmoid(h)

// Whether a weight of this type and device has a packed form: float32 on the CPU, bfloat16 where the processor computes
// it. False outside InferenceMode.
bool can_pack(c10::Device device, at::ScalarType dtype);

// [out, in] -> the same values in oneDNN's order: an opaque tensor of the same sizes. About the same memory.
at::Tensor pack_linear(const at::Tensor& weight);

// The inverse, bit for bit, as an ordinary tensor. Works in any mode.
at::Tensor unpack_linear(const at::Tensor& packed);

// fused(x W^T + b): x [..., in] -> [..., out]. x, W and b (which may be undefined) share one dtype.
at::Tensor packed_linear(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias,
                         Fused fused = Fused::kNone);

}  // namespace wordmask::kernels

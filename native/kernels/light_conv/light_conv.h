#pragma once
#include "kernels/packed_conv/packed_conv.h"

namespace wordmask::kernels {

// Convolutions of few products a call: those of MobileNetV2 and of DeepLabv3+'s head, float32 on the CPU. A call of
// oneDNN's operator takes some 40 microseconds before it computes, which a network of 60 of them notices: a picture of
// 96 x 96 takes less time than that in most layers. Forward only; tensors are channels-last.

// Whether there is a kernel: 1x1 with a stride of one and without padding and groups, or 3x3 of every channel by itself
// or of at most four channels, of which x may be in any order; float32, where can_pack (packed_linear.h) says so.
bool is_light(const at::Tensor& weight, const ConvOptions& options);

// Weight [out, in / groups, k, k] and bias [out] (or undefined) -> both in the order that the kernels read, an ordinary
// tensor. unpack_light gives the weight's bits back.
at::Tensor pack_light(const at::Tensor& weight, const at::Tensor& bias, const ConvOptions& options);
at::Tensor unpack_light(const at::Tensor& packed, at::IntArrayRef sizes);

// As packed_conv: relu?(conv(x) + bias + other?), cut at options.ceiling. `other`: of a 1x1 convolution alone. `sizes`:
// of the weight. Bits do not depend on the number of threads, nor those of a picture on what else is in the batch.
at::Tensor light_conv(const at::Tensor& x, const at::Tensor& packed, at::IntArrayRef sizes, const at::Tensor& other,
                      const ConvOptions& options);

}  // namespace wordmask::kernels

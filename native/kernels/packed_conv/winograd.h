#pragma once
#include "kernels/packed_conv/packed_conv.h"

// The form of packed_conv for 3x3 convolutions of stride 1 in float32: Winograd's F(4x4, 3x3). A number of x that is
// not finite spoils all of the tiles that read it, up to 8x8 of the result.
namespace wordmask::kernels::winograd {

// Whether it is the faster form of this convolution on an input of these sizes, [b, in, H, W].
bool suits(const at::Tensor& weight, const ConvOptions& options, at::IntArrayRef input);

// [out, in, 3, 3] -> the same numbers as [panels, in, 9, columns]; `out` is a multiple of 48, 64 or 80. They are
// transformed anew in every call: transformed ahead they would take four times the memory, and longer to read.
at::Tensor pack(const at::Tensor& weight);
at::Tensor unpack(const at::Tensor& packed);
inline int64_t out_channels(const at::Tensor& packed) { return packed.size(0) * packed.size(3); }

// packed_conv.h has the formula and has checked; x is channels-last.
at::Tensor conv(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const at::Tensor& other,
                const ConvOptions& options);

}  // namespace wordmask::kernels::winograd

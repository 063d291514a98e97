#pragma once
#include "kernels/packed_conv/packed_conv.h"

// The form of packed_conv for every convolution: oneDNN's operators, called by name.
namespace wordmask::kernels::onednn {

at::Tensor pack(const at::Tensor& weight, const ConvOptions& options, at::IntArrayRef input);
at::Tensor unpack(const at::Tensor& packed);

// packed_conv.h has the formula and has checked; x is channels-last.
at::Tensor conv(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const at::Tensor& other,
                const ConvOptions& options);

}  // namespace wordmask::kernels::onednn

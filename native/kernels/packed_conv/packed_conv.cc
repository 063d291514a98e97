#include "kernels/packed_conv/packed_conv.h"

#include <c10/core/InferenceMode.h>

#include "base/error.h"
#include "kernels/packed_conv/onednn.h"
#include "kernels/packed_conv/winograd.h"
#include "kernels/packed_linear/packed_linear.h"

namespace wordmask::kernels {

at::Tensor pack_conv(const at::Tensor& weight, const ConvOptions& options, at::IntArrayRef input) {
  WM_CHECK(weight.dim() == 4 && weight.numel() > 0 && can_pack(weight.device(), weight.scalar_type()), code::kInternal,
           "Expected InferenceMode and a float32 or native bfloat16 weight [out, in, k, k] on the CPU but received ",
           weight.scalar_type(), " ", weight.sizes());
  return winograd::suits(weight, options, input) ? winograd::pack(weight) : onednn::pack(weight, options, input);
}

at::Tensor unpack_conv(const at::Tensor& packed) {
  return packed.is_mkldnn() ? onednn::unpack(packed) : winograd::unpack(packed);
}

at::Tensor packed_conv(const at::Tensor& given, const at::Tensor& packed, const at::Tensor& bias,
                       const at::Tensor& other, const ConvOptions& options) {
  WM_CHECK(c10::InferenceMode::is_enabled(), code::kInternal,
           "Expected InferenceMode for a packed convolution: it has no gradient");
  const int64_t in = packed.size(1) * options.groups,
                out = packed.is_mkldnn() ? packed.size(0) : winograd::out_channels(packed);
  WM_CHECK(given.dim() == 4 && given.size(1) == in && given.scalar_type() == packed.scalar_type(), code::kInternal,
           "Expected [b, ", in, ", H, W] ", packed.scalar_type(), " but received ", given.scalar_type(), " ",
           given.sizes());
  WM_CHECK(!bias.defined() || (bias.scalar_type() == packed.scalar_type() && bias.numel() == out), code::kInternal,
           "Expected ", out, " biases ", packed.scalar_type(), " but received ", bias.scalar_type(), " ", bias.sizes());
  WM_CHECK(options.ceiling == 0 || (options.relu && !other.defined()), code::kInternal,
           "Expected a ceiling with a ReLU and without an addend");
  const auto x = given.contiguous(at::MemoryFormat::ChannelsLast);
  return packed.is_mkldnn() ? onednn::conv(x, packed, bias, other, options)
                            : winograd::conv(x, packed, bias, other, options);
}

}  // namespace wordmask::kernels

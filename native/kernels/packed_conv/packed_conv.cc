// Bound: 2 k k in FLOPs a number of the result. As separate operators BatchNorm, addition and ReLU would each read and
// write the result once more, which is most of the time of a 1x1 convolution.
#include "kernels/packed_conv/packed_conv.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <array>

#include "base/error.h"
#include "kernels/packed_linear/packed_linear.h"

namespace wordmask::kernels {

namespace {
using Scalars = c10::List<std::optional<at::Scalar>>;
using Name = std::optional<std::string_view>;

auto operator_named(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

at::Tensor channels_last(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

// One pixel or one channel: the strides fit either order, and oneDNN refuses to add such a tensor.
bool in_both_orders(const at::Tensor& x) {
  return x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}
}  // namespace

at::Tensor pack_conv(const at::Tensor& weight, const ConvOptions& options, at::IntArrayRef input) {
  WM_CHECK(weight.dim() == 4 && weight.numel() > 0 && can_pack(weight.device(), weight.scalar_type()), code::kInternal,
           "Expected InferenceMode and a float32 or native bfloat16 weight [out, in, k, k] on the CPU but received ",
           weight.scalar_type(), " ", weight.sizes());
  using Signature = at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t,
                               at::OptionalIntArrayRef);
  static const auto op = operator_named("mkldnn::_reorder_convolution_weight").typed<Signature>();
  return op.call(weight.contiguous(), {options.padding, options.padding}, {options.stride, options.stride},
                 {options.dilation, options.dilation}, options.groups, input);
}

at::Tensor unpack_conv(const at::Tensor& packed) { return unpack_linear(packed); }

at::Tensor packed_conv(const at::Tensor& given, const at::Tensor& packed, const at::Tensor& bias,
                       const at::Tensor& other, const ConvOptions& options) {
  WM_CHECK(c10::InferenceMode::is_enabled(), code::kInternal,
           "Expected InferenceMode for a packed convolution: it has no gradient");
  WM_CHECK(packed.is_mkldnn() && given.dim() == 4 && given.size(1) == packed.size(1) * options.groups &&
               given.scalar_type() == packed.scalar_type(),
           code::kInternal, "Expected [b, ", packed.size(1) * options.groups, ", H, W] ", packed.scalar_type(),
           " but received ", given.scalar_type(), " ", given.sizes());
  WM_CHECK(!bias.defined() || (bias.scalar_type() == packed.scalar_type() && bias.numel() == packed.size(0)),
           code::kInternal, "Expected ", packed.size(0), " biases ", packed.scalar_type(), " but received ",
           bias.scalar_type(), " ", bias.sizes());
  WM_CHECK(options.ceiling == 0 || (options.relu && !other.defined()), code::kInternal,
           "Expected a ceiling with a ReLU and without an addend");
  const auto x = channels_last(given);
  const std::array<int64_t, 2> padding{options.padding, options.padding}, stride{options.stride, options.stride},
      dilation{options.dilation, options.dilation};
  const auto given_bias = bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt;
  const bool apart = other.defined() && (in_both_orders(x) || in_both_orders(other));
  if (!other.defined() || apart) {
    using Signature =
        at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, at::IntArrayRef,
                   at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view, Scalars, Name);
    static const auto op = operator_named("mkldnn::_convolution_pointwise").typed<Signature>();
    const char* after = !options.relu || apart ? "none" : options.ceiling > 0 ? "hardtanh" : "relu";
    Scalars limits;
    if (options.ceiling > 0) limits.push_back(at::Scalar(0.0)), limits.push_back(at::Scalar(options.ceiling));
    auto y = op.call(x, packed, given_bias, padding, stride, dilation, options.groups, after, limits, {});
    if (apart) y.add_(other);
    return apart && options.relu ? y.relu_() : y;
  }
  using Signature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                               const std::optional<at::Tensor>&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                               int64_t, std::string_view, std::optional<at::Scalar>, Name, Scalars, Name);
  static const auto op = operator_named("mkldnn::_convolution_pointwise", "binary").typed<Signature>();
  return op.call(x, channels_last(other), packed, given_bias, padding, stride, dilation, options.groups, "add",
                 std::nullopt, options.relu ? Name("relu") : Name(), Scalars(), {});
}

}  // namespace wordmask::kernels

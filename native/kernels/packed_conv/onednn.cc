// Bound: 2 k k in FLOPs a number of the result. As separate operators BatchNorm, addition and ReLU would each read and
// write the result once more, which is most of the time of a 1x1 convolution.
#include "kernels/packed_conv/onednn.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <array>

#include "kernels/packed_linear/packed_linear.h"

namespace wordmask::kernels::onednn {

namespace {
using Scalars = c10::List<std::optional<at::Scalar>>;
using Name = std::optional<std::string_view>;

auto operator_named(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

// One pixel or one channel: the strides fit either order, and oneDNN refuses to add such a tensor.
bool in_both_orders(const at::Tensor& x) {
  return x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}
}  // namespace

at::Tensor pack(const at::Tensor& weight, const ConvOptions& options, at::IntArrayRef input) {
  using Signature = at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t,
                               at::OptionalIntArrayRef);
  static const auto op = operator_named("mkldnn::_reorder_convolution_weight").typed<Signature>();
  return op.call(weight.contiguous(), {options.padding, options.padding}, {options.stride, options.stride},
                 {options.dilation, options.dilation}, options.groups, input);
}

at::Tensor unpack(const at::Tensor& packed) { return unpack_linear(packed); }

at::Tensor conv(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const at::Tensor& other,
                const ConvOptions& options) {
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
  // Added in place, to a copy: the operator with a result of its own copies `other` as well, and takes up to half as
  // long again.
  using Signature = at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view,
                                std::optional<at::Scalar>, Name, Scalars, Name);
  static const auto op = operator_named("mkldnn::_convolution_pointwise_", "binary").typed<Signature>();
  auto y = other.clone(at::MemoryFormat::ChannelsLast);
  return op.call(y, x, packed, given_bias, padding, stride, dilation, options.groups, "add", std::nullopt,
                 options.relu ? Name("relu") : Name(), Scalars(), {});
}

}  // namespace wordmask::kernels::onednn

// Bound: 2 M N K FLOPs. What at::linear pays extra on the CPU: MKL's SGEMM, which runs AMD processors at under half
// their rate; for bfloat16 a reorder of the weight a call; and a pass over memory for the activation.
#include "kernels/packed_linear/packed_linear.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include "base/device.h"
#include "base/error.h"

namespace wordmask::kernels {

namespace {
// oneDNN chooses the order for a number of rows; what suits a few hundred suits more and fewer.
constexpr int64_t kTypicalRows = 512;

auto operator_named(const char* name) { return c10::Dispatcher::singleton().findSchemaOrThrow(name, ""); }

void check_inference(const char* what) {
  WM_CHECK(c10::InferenceMode::is_enabled(), code::kInternal, "Expected InferenceMode for ", what,
           ": it has no gradient");
}

struct Attribute {
  std::string_view name;
  std::optional<std::string_view> algorithm;
};

Attribute attribute(Fused fused) {
  switch (fused) {
    case Fused::kGelu:
      return {"gelu", "none"};
    case Fused::kSwish:
      return {"swish", std::nullopt};
    case Fused::kNone:
      break;
  }
  return {"none", std::nullopt};
}
}  // namespace

bool can_pack(c10::Device device, at::ScalarType dtype) {
  if (!c10::InferenceMode::is_enabled() || !device.is_cpu()) return false;
  return dtype == at::kFloat || (dtype == at::kBFloat16 && has_native_bfloat16(device));
}

at::Tensor pack_linear(const at::Tensor& weight) {
  check_inference("packing");
  WM_CHECK(weight.dim() == 2 && weight.numel() > 0 && can_pack(weight.device(), weight.scalar_type()), code::kInternal,
           "Expected a float32 or native bfloat16 matrix on the CPU to pack but received ", weight.scalar_type(), " ",
           weight.sizes());
  using Signature = at::Tensor(const at::Tensor&, std::optional<int64_t>);
  static const auto op = operator_named("mkldnn::_reorder_linear_weight").typed<Signature>();
  return op.call(weight.contiguous(), kTypicalRows);
}

at::Tensor unpack_linear(const at::Tensor& packed) {
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  return packed.to_dense();
}

at::Tensor packed_linear(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, Fused fused) {
  check_inference("a packed product");
  WM_CHECK(packed.is_mkldnn() && x.dim() >= 1 && x.size(-1) == packed.size(1) &&
               x.scalar_type() == packed.scalar_type() &&
               (!bias.defined() || (bias.scalar_type() == x.scalar_type() && bias.numel() == packed.size(0))),
           code::kInternal, "Expected rows of ", packed.size(1), " ", packed.scalar_type(), " but received ",
           x.scalar_type(), " ", x.sizes());
  using Signature = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                               c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto op = operator_named("mkldnn::_linear_pointwise").typed<Signature>();
  const auto [name, algorithm] = attribute(fused);
  const auto given = bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt;
  return op.call(x, packed, given, name, c10::List<std::optional<at::Scalar>>(), algorithm);
}

}  // namespace wordmask::kernels

#include "kernels/residual_norm/residual_norm.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def(
      "residual_norm(Tensor(a!) stream, Tensor? delta, float delta_scale, Tensor gain, Tensor bias, float eps, "
      "float scale, ScalarType dtype) -> Tensor");
  m.def("residual_add(Tensor(a!) stream, Tensor delta, float scale) -> ()");
}

namespace wordmask::kernels {

namespace {
bool reducible(at::ScalarType dtype) { return dtype == at::kFloat || dtype == at::kBFloat16; }

void check_stream(const at::Tensor& stream, const at::Tensor& delta) {
  WM_CHECK(stream.dim() >= 1 && stream.size(-1) > 0 && stream.scalar_type() == at::kFloat && stream.is_contiguous(),
           code::kInternal, "Expected contiguous float32 rows for the residual stream but received ",
           stream.scalar_type(), " ", stream.sizes(), " with strides ", stream.strides());
  WM_CHECK(!delta.defined() || (delta.sizes() == stream.sizes() && reducible(delta.scalar_type())), code::kInternal,
           "Expected float32 or bfloat16 ", stream.sizes(), " to add but received ", delta.scalar_type(), " ",
           delta.sizes());
}
}  // namespace

at::Tensor residual_norm(at::Tensor& stream, const at::Tensor& delta, double delta_scale, const at::Tensor& gain,
                         const at::Tensor& bias, const NormOptions& options) {
  using Signature = at::Tensor(at::Tensor&, const std::optional<at::Tensor>&, double, const at::Tensor&,
                               const at::Tensor&, double, double, at::ScalarType);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::residual_norm", "").typed<Signature>();
  check_stream(stream, delta);
  for (const auto* affine : {&gain, &bias}) {
    WM_CHECK(affine->dim() == 1 && affine->size(0) == stream.size(-1) && affine->scalar_type() == at::kFloat,
             code::kInternal, "Expected float32 [", stream.size(-1), "] for gain and bias but received ",
             affine->scalar_type(), " ", affine->sizes());
  }
  WM_CHECK(reducible(options.dtype) && options.eps > 0, code::kInternal,
           "Expected a float32 or bfloat16 result and a positive epsilon but received ", options.dtype, " and ",
           options.eps);
  const auto given = delta.defined() ? std::optional<at::Tensor>(delta) : std::nullopt;
  return op.call(stream, given, delta_scale, gain, bias, options.eps, options.scale, options.dtype);
}

void residual_add(at::Tensor& stream, const at::Tensor& delta, double scale) {
  using Signature = void(at::Tensor&, const at::Tensor&, double);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::residual_add", "").typed<Signature>();
  check_stream(stream, delta);
  op.call(stream, delta, scale);
}

}  // namespace wordmask::kernels

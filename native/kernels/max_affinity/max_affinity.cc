#include "kernels/max_affinity/max_affinity.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/aminmax.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) { m.def("max_affinity(Tensor features, Tensor? weights) -> Tensor"); }

namespace wordmask::kernels {

namespace {
// The largest magnitude; NaN where there is one.
double magnitude(const at::Tensor& values) {
  if (values.numel() == 0) return 0;
  const auto [low, high] = at::aminmax(values);
  const double a = std::abs(low.item().toDouble()), b = std::abs(high.item().toDouble());
  return std::isnan(a) ? a : std::max(a, b);
}

void check_weights(const at::Tensor& features, const at::Tensor& weights) {
  WM_CHECK(weights.device() == features.device(), code::kDevice, "Expected weights on ", features.device(),
           ", where the features are, but received weights on ", weights.device());
  const auto expected = features.sizes().slice(0, features.dim() - 1);
  WM_CHECK(weights.scalar_type() == at::kFloat && weights.sizes() == expected, code::kInvalidArgument,
           "Expected float32 weights ", expected, " beside features ", features.sizes(), " but received ",
           weights.scalar_type(), " ", weights.sizes());
}
}  // namespace

at::Tensor max_affinity(const at::Tensor& features, const std::optional<at::Tensor>& weights) {
  using Signature = at::Tensor(const at::Tensor&, const std::optional<at::Tensor>&);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::max_affinity", "").typed<Signature>();
  WM_CHECK((features.dim() == 3 || features.dim() == 4) && features.size(-2) > 0, code::kInvalidArgument,
           "Expected features [k, P, C] or [B, k, P, C] with at least one position an image but received ",
           features.sizes());
  WM_CHECK(features.scalar_type() == at::kFloat || features.scalar_type() == at::kBFloat16, code::kInvalidArgument,
           "Expected float32 or bfloat16 features but received ", features.scalar_type());
  if (weights) check_weights(features, *weights);
  const double largest = magnitude(features), heaviest = weights ? magnitude(*weights) : 1;
  const double product = largest * largest * static_cast<double>(features.size(-1)) * std::max(heaviest, 1.0);
  WM_CHECK(
      product < std::numeric_limits<float>::max(), code::kInvalidArgument,
      "Expected finite features and weights whose products stay in the range of float32 but received magnitudes of ",
      "up to ", largest, " and ", heaviest);
  return op.call(features, weights);
}

}  // namespace wordmask::kernels

#include "kernels/label_map/label_map.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <cmath>

#include "base/error.h"
#include "kernels/label_map/rows.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def(
      "label_map(Tensor scores, int height, int width, float extent_h, float extent_w, float temperature, "
      "float threshold) -> Tensor");
  m.def(
      "label_map_product(Tensor scores, Tensor factor, int height, int width, float[] extents, float temperature, "
      "float threshold) -> Tensor");
  m.def(
      "label_scores(Tensor scores, Tensor? factor, int height, int width, float[] extents, float temperature, int k) "
      "-> (Tensor labels, Tensor values, Tensor sums)");
}

namespace wordmask::kernels {

namespace {
void check_grid(const at::Tensor& scores) {
  WM_CHECK(scores.dim() == 3 && scores.numel() > 0 && scores.scalar_type() == at::kFloat, code::kInvalidArgument,
           "Expected float32 scores [h, w, T] with at least one cell and class but received ", scores.scalar_type(),
           " ", scores.sizes());
}

void check(const at::Tensor& scores, const LabelMapOptions& options) {
  check_grid(scores);
  if (options.factor.defined()) {
    check_grid(options.factor);
    WM_CHECK(options.factor.size(2) == scores.size(2), code::kInvalidArgument,
             "Expected two grids of the same classes but received ", scores.sizes(), " and ", options.factor.sizes());
  }
  WM_CHECK(options.height >= 0 && options.width >= 0, code::kInvalidArgument,
           "Expected a size of at least 0x0 for the label map but received ", options.width, "x", options.height);
  for (const double extent : {options.extent_h, options.extent_w, options.factor_extent_h, options.factor_extent_w}) {
    WM_CHECK(extent >= 0 && std::isfinite(extent), code::kInvalidArgument, "Expected extents >= 0 but received ",
             extent);
  }
  WM_CHECK(options.threshold >= 0 && options.threshold <= 1, code::kInvalidArgument,
           "Expected a threshold in [0, 1] but received ", options.threshold);
  WM_CHECK(std::isfinite(options.temperature), code::kInvalidArgument, "Expected a finite temperature but received ",
           options.temperature);
}

// Height and width of the part of each grid that lies under the result.
std::vector<double> extents(const at::Tensor& scores, const LabelMapOptions& options) {
  const auto given = [](double extent, int64_t cells) { return extent > 0 ? extent : static_cast<double>(cells); };
  std::vector<double> result{given(options.extent_h, scores.size(0)), given(options.extent_w, scores.size(1))};
  if (options.factor.defined()) {
    result.push_back(given(options.factor_extent_h, options.factor.size(0)));
    result.push_back(given(options.factor_extent_w, options.factor.size(1)));
  }
  return result;
}

std::optional<at::Tensor> optional(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional<at::Tensor>(tensor) : std::nullopt;
}
}  // namespace

at::Tensor label_map(const at::Tensor& scores, const LabelMapOptions& options) {
  using Signature = at::Tensor(const at::Tensor&, int64_t, int64_t, double, double, double, double);
  using Product =
      at::Tensor(const at::Tensor&, const at::Tensor&, int64_t, int64_t, at::ArrayRef<double>, double, double);
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::label_map", "").typed<Signature>();
  static const auto product =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::label_map_product", "").typed<Product>();
  check(scores, options);
  const auto extent = extents(scores, options);
  if (options.factor.defined())
    return product.call(scores, options.factor, options.height, options.width, extent, options.temperature,
                        options.threshold);
  return op.call(scores, options.height, options.width, extent[0], extent[1], options.temperature, options.threshold);
}

LabelScores label_scores(const at::Tensor& scores, int64_t k, const LabelMapOptions& options) {
  using Signature = std::tuple<at::Tensor, at::Tensor, at::Tensor>(
      const at::Tensor&, const std::optional<at::Tensor>&, int64_t, int64_t, at::ArrayRef<double>, double, int64_t);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::label_scores", "").typed<Signature>();
  check(scores, options);
  WM_CHECK(k >= 1 && k <= scores.size(2), code::kInvalidArgument, "Expected k from 1 to ", scores.size(2),
           " classes but received ", k);
  auto [labels, values, sums] = op.call(scores, optional(options.factor), options.height, options.width,
                                        extents(scores, options), options.temperature, k);
  return {labels, values, sums};
}

at::Tensor label_volume(const at::Tensor& scores, const LabelMapOptions& options) {
  check(scores, options);
  WM_CHECK(scores.device().is_cpu() && (!options.factor.defined() || options.factor.device().is_cpu()), code::kDevice,
           "Expected scores on the CPU, where alone label_volume runs, but received ", scores.device());
  WM_CHECK(options.temperature >= 0, code::kInvalidArgument, "Expected a temperature >= 0 but received ",
           options.temperature);
  const label::Grids grids(scores, optional(options.factor), options.height, options.width, extents(scores, options));
  return label::volume(grids, options.height, options.width, static_cast<float>(options.temperature));
}

}  // namespace wordmask::kernels

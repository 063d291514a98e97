#include "pipeline/labels.h"

#include <ATen/ATen.h>

namespace wordmask::pipeline {

namespace {
constexpr int64_t kMaxLabels = 65535;  // 65535 itself is "ignore" in label files

// Indices of names, -1 where there is background by threshold.
at::Tensor best_names(const std::vector<ScoreGrid>& grids, const LabelOptions& options) {
  auto mapping = mapping_of(grids, options);
  if (options.background != LabelOptions::Background::kThreshold) return kernels::label_map(grids[0].scores, mapping);
  if (options.temperature > 0) {
    mapping.temperature = options.temperature;
    mapping.threshold = options.threshold;
    return kernels::label_map(grids[0].scores, mapping);
  }
  const auto best = kernels::label_scores(grids[0].scores, 1, mapping);
  return best.labels.masked_fill(best.values < options.threshold, -1).squeeze(-1).contiguous();
}

std::optional<double> scale(int pixels, int64_t cells, double extent) {
  if (extent == 0 || extent == static_cast<double>(cells)) return std::nullopt;
  return pixels / extent;
}
}  // namespace

void check_labelling(const std::vector<ScoreGrid>& grids, const LabelOptions& options) {
  using Background = LabelOptions::Background;
  WM_CHECK(grids.size() == 1 || grids.size() == 2, code::kInvalidArgument, "Expected 1 or 2 grids but received ",
           grids.size());
  const auto& scores = grids[0].scores;
  WM_CHECK(scores.dim() == 3 && scores.numel() > 0, code::kInvalidArgument, "Expected scores [h, w, T] but received ",
           scores.sizes());
  const bool named = options.background == Background::kNames;
  const bool rows_fit = named ? scores.size(2) > options.classes : scores.size(2) == options.classes;
  WM_CHECK(options.classes > 0 && rows_fit, code::kInvalidArgument, "Expected the scores of ", options.classes,
           named ? " + at least 1" : "", " names but received those of ", scores.size(2));
  WM_CHECK(options.classes + 1 <= kMaxLabels, code::kInvalidArgument, "Expected at most ", kMaxLabels - 1,
           " classes but received ", options.classes);
}

kernels::LabelMapOptions mapping_of(const std::vector<ScoreGrid>& grids, const LabelOptions& options) {
  kernels::LabelMapOptions mapping;
  mapping.height = options.height, mapping.width = options.width;
  mapping.extent_h = grids[0].extent_h, mapping.extent_w = grids[0].extent_w;
  if (grids.size() == 2) {
    mapping.factor = grids[1].scores;
    mapping.factor_extent_h = grids[1].extent_h;
    mapping.factor_extent_w = grids[1].extent_w;
  }
  return mapping;
}

Labels labels_of(const at::Tensor& best, const LabelOptions& options) {
  Labels result;
  const bool background = options.background != LabelOptions::Background::kNone;
  result.counts.assign(static_cast<size_t>(options.classes) + (background ? 1 : 0), 0);
  result.map = {options.width, options.height, std::vector<uint16_t>(static_cast<size_t>(best.numel()))};
  const auto* index = best.const_data_ptr<int32_t>();
  for (size_t i = 0; i < result.map.data.size(); ++i) {
    const bool named = index[i] >= 0 && index[i] < options.classes;
    const int label = background ? (named ? index[i] + 1 : 0) : index[i];
    result.map.data[i] = static_cast<uint16_t>(label);
    ++result.counts[static_cast<size_t>(label)];
  }
  return result;
}

Labels label_grids(const std::vector<ScoreGrid>& grids, const LabelOptions& options) {
  c10::InferenceMode guard;
  check_labelling(grids, options);
  return labels_of(best_names(grids, options), options);
}

at::Tensor upsample(const std::vector<ScoreGrid>& grids, int width, int height) {
  c10::InferenceMode guard;
  at::Tensor product;
  for (const auto& [scores, extent_h, extent_w] : grids) {
    WM_CHECK(scores.dim() == 3 && scores.numel() > 0 && width > 0 && height > 0, code::kInvalidArgument,
             "Expected a grid [h, w, c] and a size of at least 1x1 but received ", scores.sizes(), " and ", width, "x",
             height);
    const auto own = at::upsample_bilinear2d(scores.permute({2, 0, 1}).contiguous().unsqueeze(0), {height, width},
                                             /*align_corners=*/false, scale(height, scores.size(0), extent_h),
                                             scale(width, scores.size(1), extent_w))
                         .squeeze(0);
    WM_CHECK(!product.defined() || product.size(0) == own.size(0), code::kInvalidArgument,
             "Expected grids of the same names but received ", product.size(0), " and ", own.size(0));
    product = product.defined() ? product.mul_(own) : own;
  }
  WM_CHECK(product.defined(), code::kInvalidArgument, "Expected at least 1 grid but received none");
  return product.contiguous();
}

}  // namespace wordmask::pipeline

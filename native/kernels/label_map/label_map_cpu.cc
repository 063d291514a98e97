// Bound: H * W * T interpolations, were all made. The grid is interpolated down once a row of the result (w * T values,
// which stay in cache); between two columns of cells a linear score stays between its two ends, so a class whose larger
// end lies below another's smaller end cannot win there and is not interpolated: of H * W * T there remain
// 3 * H * w * T operations to find the contenders and H * W times their number. No [T, H, W] volume is ever written.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <numeric>

#include "kernels/label_map/rows.h"

namespace wordmask::kernels {

namespace {
using namespace label;

at::Tensor labels_of(const Grids& grids, int64_t height, int64_t width, double temperature, double threshold) {
  auto labels = at::empty({height, width}, at::kInt);
  auto* out = labels.mutable_data_ptr<int32_t>();
  const auto limit = static_cast<float>(threshold > 0 ? 1 / threshold : 0);
  const float slack = grids.slack(threshold > 0, temperature);

  at::parallel_for(0, height, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    RowOfScores row(grids);
    float best[kTogether], sum[kTogether];
    int32_t index[kTogether];
    for (int64_t y = begin; y < end; ++y) {
      row.seek(y);
      row.for_each(/*k=*/1, slack,
                   [&](const Ends& ends, const std::vector<int32_t>& classes, int64_t n, const Weights& weights,
                       int64_t first, int64_t count) {
                     best_of(ends, weights, classes.data(), n, best, index);
                     if (threshold > 0) {
                       scores_of(ends, weights, classes.data(), n, row.buffer());
                       softmax_sums(row.buffer(), n, best, static_cast<float>(temperature), sum);
                     }
                     for (int64_t i = 0; i < count; ++i)
                       out[y * width + first + i] = threshold > 0 && sum[i] > limit ? -1 : index[i];
                   });
    }
  });
  return labels;
}

at::Tensor label_map_cpu(const at::Tensor& scores, int64_t height, int64_t width, double extent_h, double extent_w,
                         double temperature, double threshold) {
  return labels_of({scores, std::nullopt, height, width, {extent_h, extent_w}}, height, width, temperature, threshold);
}

at::Tensor label_map_product_cpu(const at::Tensor& scores, const at::Tensor& factor, int64_t height, int64_t width,
                                 at::ArrayRef<double> extents, double temperature, double threshold) {
  return labels_of({scores, factor, height, width, extents}, height, width, temperature, threshold);
}

// Puts a score among the k best of a pixel, behind those that are not smaller.
void insert(float score, int32_t label, int64_t k, float* values, int32_t* labels) {
  if (!(score > values[k - 1])) return;
  int64_t at = k - 1;
  for (; at > 0 && score > values[at - 1]; --at) values[at] = values[at - 1], labels[at] = labels[at - 1];
  values[at] = score, labels[at] = label;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> label_scores_cpu(const at::Tensor& scores,
                                                                const std::optional<at::Tensor>& factor, int64_t height,
                                                                int64_t width, at::ArrayRef<double> extents,
                                                                double temperature, int64_t k) {
  const Grids grids(scores, factor, height, width, extents);
  auto labels = at::empty({height, width, k}, scores.options().dtype(at::kInt));
  auto values = at::empty({height, width, k}, scores.options());
  auto sums = at::empty({height, width}, scores.options());
  auto* label = labels.mutable_data_ptr<int32_t>();
  auto* value = values.mutable_data_ptr<float>();
  auto* total = sums.mutable_data_ptr<float>();
  const float slack = grids.slack(/*softmax=*/true, temperature);

  at::parallel_for(0, height, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    RowOfScores row(grids);
    float best[kTogether], sum[kTogether];
    for (int64_t y = begin; y < end; ++y) {
      row.seek(y);
      row.for_each(k, slack,
                   [&](const Ends& ends, const std::vector<int32_t>& classes, int64_t n, const Weights& weights,
                       int64_t first, int64_t count) {
                     scores_of(ends, weights, classes.data(), n, row.buffer());
                     std::fill_n(best, kTogether, 0.0f);
                     for (int64_t i = 0; i < count; ++i) {
                       const int64_t pixel = y * width + first + i;
                       auto* pixel_values = value + pixel * k;
                       auto* pixel_labels = label + pixel * k;
                       std::fill_n(pixel_values, k, -std::numeric_limits<float>::infinity());
                       std::fill_n(pixel_labels, k, 0);
                       for (int64_t c = 0; c < n; ++c)
                         insert(row.buffer()[c * kTogether + i], classes[c], k, pixel_values, pixel_labels);
                       best[i] = pixel_values[0];
                     }
                     softmax_sums(row.buffer(), n, best, static_cast<float>(temperature), sum);
                     std::copy_n(sum, count, total + y * width + first);
                   });
    }
  });
  return {labels, values, sums};
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) {
  m.impl("label_map", &label_map_cpu);
  m.impl("label_map_product", &label_map_product_cpu);
  m.impl("label_scores", &label_scores_cpu);
}

}  // namespace wordmask::kernels

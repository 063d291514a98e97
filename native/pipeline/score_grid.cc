#include "pipeline/score_grid.h"

#include <ATen/ATen.h>

namespace wordmask::pipeline {

namespace {
void check_rows(const at::Tensor& rows, int64_t dim) {
  WM_CHECK(rows.dim() == 2 && rows.size(0) > 0 && rows.size(1) == dim && rows.scalar_type() == at::kFloat,
           code::kInvalidArgument, "Expected float32 vectors [classes, ", dim, "] but received ", rows.scalar_type(),
           " ", rows.sizes());
  WM_CHECK(rows.isfinite().all().item<bool>(), code::kInvalidArgument, "Expected finite vectors but received NaN");
}

at::Tensor scored(const at::Tensor& unit, const at::Tensor& rows, const ScoreOptions& options) {
  auto cosines = at::matmul(unit, rows.to(at::kCPU).t());
  return options.sigmoid > 0 ? cosines.mul_(options.sigmoid).sigmoid_() : cosines;
}
}  // namespace

at::Tensor score_features(const at::Tensor& features, const at::Tensor& rows, const ScoreOptions& options) {
  c10::InferenceMode guard;
  WM_CHECK(features.dim() == 3 && features.numel() > 0 && features.scalar_type() == at::kFloat, code::kInvalidArgument,
           "Expected float32 features [h, w, C] but received ", features.scalar_type(), " ", features.sizes());
  check_rows(rows, features.size(2));
  const auto length = features.norm(2, -1, /*keepdim=*/true);
  WM_CHECK(length.isfinite().all().item<bool>() && length.min().item<float>() > 0, code::kInvalidArgument,
           "Expected finite features of a length above 0 but received lengths from ", length.min().item<float>(),
           " to ", length.max().item<float>());
  return scored(features / length, rows, options).contiguous();
}

DenseScores dense_scores(Clip& clip, DenseQueue& line, const DenseQueue::Ticket& picture, const at::Tensor& text,
                         const DenseOptions& view, const ScoreOptions& options, const Cancel& cancel) {
  c10::InferenceMode guard;
  check_rows(text, clip.config().embed_dim);
  const auto features = line.features(clip, picture, cancel);  // [h, w, d], unit cells
  if (cancel) cancel->check();
  const double cell = static_cast<double>(clip.cell());
  return {{scored(features, text, options).contiguous(), view.height / cell, view.width / cell}, picture->together};
}

}  // namespace wordmask::pipeline

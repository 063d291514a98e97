#include "pipeline/segmenter.h"

#include <ATen/ATen.h>

#include "kernels/label_map/label_map.h"

namespace wordmask::pipeline {

namespace {
constexpr int64_t kMaxLabels = 65535;  // 65535 itself is "ignore" in label files

void check_text(const at::Tensor& text, const SegmentOptions& options, int64_t embed_dim) {
  using Background = SegmentOptions::Background;
  WM_CHECK(text.dim() == 2 && text.size(1) == embed_dim && text.scalar_type() == at::kFloat, code::kInvalidArgument,
           "Expected float32 text vectors [classes, ", embed_dim, "] but received ", text.scalar_type(), " ",
           text.sizes());
  WM_CHECK(text.isfinite().all().item<bool>(), code::kInvalidArgument, "Expected finite text vectors but received NaN");
  const bool named = options.background == Background::kNames;
  const bool rows_fit = named ? text.size(0) > options.classes : text.size(0) == options.classes;
  WM_CHECK(options.classes > 0 && rows_fit, code::kInvalidArgument, "Expected ", options.classes,
           named ? " + at least 1" : "", " rows of text vectors but received ", text.size(0));
  WM_CHECK(options.classes + 1 <= kMaxLabels, code::kInvalidArgument, "Expected at most ", kMaxLabels - 1,
           " classes but received ", options.classes);
  WM_CHECK(options.temperature > 0, code::kInvalidArgument, "Expected a positive temperature but received ",
           options.temperature);
}
}  // namespace

at::Tensor upsample(const at::Tensor& grid, int width, int height) {
  c10::InferenceMode guard;
  WM_CHECK(grid.dim() == 3 && grid.numel() > 0 && width > 0 && height > 0, code::kInvalidArgument,
           "Expected a grid [c, h, w] and a size of at least 1x1 but received ", grid.sizes(), " and ", width, "x",
           height);
  return at::upsample_bilinear2d(grid.unsqueeze(0), {height, width}, /*align_corners=*/false).squeeze(0).contiguous();
}

SegmentResult segment(Clip& clip, DenseQueue& line, const DenseQueue::Ticket& picture, const at::Tensor& text,
                      const SegmentOptions& options, const Cancel& cancel) {
  c10::InferenceMode guard;
  using Background = SegmentOptions::Background;
  check_text(text, options, clip.config().embed_dim);
  const ImageU8& image = picture->image;
  const auto features = line.features(clip, picture, cancel);       // [h, w, d]
  const auto scores = at::matmul(features, text.to(at::kCPU).t());  // [h, w, T]
  if (cancel) cancel->check();

  const double cell = static_cast<double>(clip.cell());
  kernels::LabelMapOptions mapping{image.height, image.width, options.height / cell, options.width / cell};
  if (options.background == Background::kThreshold) {
    mapping.temperature = options.temperature;
    mapping.threshold = options.threshold;
  }
  const auto best = kernels::label_map(scores, mapping);

  SegmentResult result;
  const bool background = options.background != Background::kNone;
  result.counts.assign(static_cast<size_t>(options.classes) + (background ? 1 : 0), 0);
  result.labels = {image.width, image.height, std::vector<uint16_t>(static_cast<size_t>(best.numel()))};
  const auto* index = best.const_data_ptr<int32_t>();
  for (size_t i = 0; i < result.labels.data.size(); ++i) {
    const bool named = index[i] >= 0 && index[i] < options.classes;
    const int label = background ? (named ? index[i] + 1 : 0) : index[i];
    result.labels.data[i] = static_cast<uint16_t>(label);
    ++result.counts[static_cast<size_t>(label)];
  }
  result.together = picture->together;
  result.grid = scores.permute({2, 0, 1}).contiguous();
  return result;
}

}  // namespace wordmask::pipeline

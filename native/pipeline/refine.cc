#include "pipeline/refine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "kernels/label_blocks/label_blocks.h"
#include "kernels/label_map/label_map.h"

namespace wordmask::pipeline {

namespace {
using Method = RefineOptions::Method;

double most_bytes(const RefineOptions& options) {
  return options.method == Method::kCrf ? options.crf.most_bytes : options.pamr.most_bytes;
}

// Names that win somewhere, ascending.
at::Tensor winners(const at::Tensor& scores, const kernels::LabelMapOptions& mapping) {
  return std::get<0>(at::_unique(kernels::label_map(scores, mapping), /*sorted=*/true)).to(at::kLong);
}

// The best name of every pixel, the first of equal ones; -1 where it has less than `threshold`.
at::Tensor best_of(const at::Tensor& volume, double threshold) {
  const auto pixels = volume.size(0) * volume.size(1), names = volume.size(2);
  auto best = at::empty({volume.size(0), volume.size(1)}, at::kInt);
  const auto* values = volume.const_data_ptr<float>();
  auto* out = best.mutable_data_ptr<int32_t>();
  at::parallel_for(0, pixels, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const float* row = values + p * names;
      const auto name = std::max_element(row, row + names) - row;
      out[p] = static_cast<double>(row[name]) < threshold ? -1 : static_cast<int32_t>(name);
    }
  });
  return best;
}
}  // namespace

Labels refine_grids(const ImageU8& image, const std::vector<ScoreGrid>& grids, const LabelOptions& labels,
                    double temperature, const RefineOptions& options, const Cancel& cancel, const Progress& progress) {
  c10::InferenceMode guard;
  check_labelling(grids, labels);
  WM_CHECK(image.width == labels.width && image.height == labels.height, code::kInvalidArgument,
           "Expected labels of the size of the image, ", image.width, "x", image.height, ", but received ",
           labels.width, "x", labels.height);
  auto scores = grids[0].scores;
  auto mapping = mapping_of(grids, labels);
  at::Tensor names;
  if (options.prune) {
    names = winners(scores, mapping);
    scores = scores.index_select(2, names);
    if (mapping.factor.defined()) mapping.factor = mapping.factor.index_select(2, names);
  }
  const double bytes = 2.0 * 4 * static_cast<double>(scores.size(2)) * image.width * image.height;
  WM_CHECK(most_bytes(options) == 0 || bytes <= most_bytes(options), code::kMemory, "Refining ", image.width, "x",
           image.height, " pixels and ", scores.size(2), " names takes at least ", kernels::gigabytes(bytes),
           ", the limit is ", kernels::gigabytes(most_bytes(options)));
  const bool crf = options.method == Method::kCrf;
  mapping.temperature = temperature > 0 || !crf ? temperature : 1;
  const auto volume = kernels::label_volume(scores, mapping);
  if (cancel) cancel->check();
  const auto rgb = at::from_blob(const_cast<uint8_t*>(image.data.data()), {image.height, image.width, 3}, at::kByte);
  if (crf) {
    kernels::dense_crf(volume, rgb, options.crf, cancel, progress);
  } else {
    kernels::pamr(volume, rgb, options.pamr, cancel, progress);
  }
  const bool threshold = labels.background == LabelOptions::Background::kThreshold;
  auto best = best_of(volume, threshold ? labels.threshold : 0);
  if (names.defined() && best.numel() > 0) {
    const auto known = at::cat({names, at::full({1}, -1, names.options())}).to(at::kInt);  // -1 stays -1
    best = known.index({at::where(best < 0, names.numel(), best).to(at::kLong)}).contiguous();
  }
  return labels_of(best, labels);
}

}  // namespace wordmask::pipeline

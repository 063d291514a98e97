#include "train/segmenter/evaluate.h"

#include <ATen/ATen.h>

#include <limits>

#include "kernels/confusion/confusion.h"
#include "kernels/dense_crf/dense_crf.h"
#include "kernels/label_map/label_map.h"
#include "models/packed_weight.h"
#include "train/segmenter/augment.h"

namespace wordmask::train {

namespace {
kernels::LabelMapOptions size_of(const PackedPictures& pictures) {
  kernels::LabelMapOptions mapping;
  mapping.height = pictures.height(), mapping.width = pictures.width();
  return mapping;
}

// [h, w, classes]
at::Tensor logits_of(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                     const TrainSegmenterOptions& options, int64_t i) {
  return model.forward(plain_pixels(pictures, options, i).unsqueeze(0)).squeeze(0).permute({1, 2, 0});
}

// int32 [H, W]
at::Tensor refined_labels(const at::Tensor& logits, const PackedPictures& pictures, int64_t i, const Cancel& cancel) {
  const auto volume = kernels::label_volume(logits.contiguous(), size_of(pictures));
  kernels::dense_crf(volume, pictures.pixels(i).contiguous(), {}, cancel, {});
  return volume.argmax(2).to(at::kInt);
}

// Weights are packed inside and plain again afterwards, bit for bit.
template <class Work>
void for_inference(models::DeepLabV3PlusImpl& model, const Work& work) {
  model.eval();
  struct Unpack {
    models::DeepLabV3PlusImpl& model;
    ~Unpack() { models::unpack_all(model); }
  } unpack{model};
  c10::InferenceMode guard;
  work();
}

ValidationResult figures_of(const at::Tensor& matrix) {
  ValidationResult result;
  const auto counts = matrix.to(at::kDouble);
  const auto right = counts.diagonal(), truth = counts.sum(1), predicted = counts.sum(0);
  double sum = 0;
  int occurring = 0;
  for (int64_t c = 0; c < matrix.size(0); ++c) {
    const double both = right[c].item<double>();
    const double either = truth[c].item<double>() + predicted[c].item<double>() - both;
    result.iou.push_back(either > 0 ? both / either : std::numeric_limits<double>::quiet_NaN());
    if (either > 0) sum += both / either, ++occurring;
  }
  result.miou = occurring > 0 ? sum / occurring : 0;
  const double labelled = counts.sum().item<double>();
  result.accuracy = labelled > 0 ? right.sum().item<double>() / labelled : 0;
  return result;
}
}  // namespace

ValidationResult validate(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                          const TrainSegmenterOptions& options, const Cancel& cancel) {
  ValidationResult result;
  const int64_t n = options.model.classes;
  for_inference(model, [&] {
    auto plain = at::zeros({n, n}, at::kLong), refined = at::zeros({n, n}, at::kLong);
    for (int64_t i = 0; i < pictures.count(); ++i) {
      if (cancel) cancel->check();
      pictures.check_labels(i, n);
      const auto truth = pictures.labels(i).to(at::kInt);
      const auto logits = logits_of(model, pictures, options, i);
      plain += kernels::confusion(truth, kernels::label_map(logits, size_of(pictures)), n, kIgnored);
      if (options.validate_crf)
        refined += kernels::confusion(truth, refined_labels(logits, pictures, i, cancel), n, kIgnored);
    }
    result = figures_of(plain);
    if (options.validate_crf) result.crf_miou = figures_of(refined).miou;
  });
  return result;
}

at::Tensor sample_labels(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                         const TrainSegmenterOptions& options, int64_t count) {
  const int64_t n = std::min(count, pictures.count());
  auto labels = at::empty({n, pictures.height(), pictures.width()}, at::kByte);
  for_inference(model, [&] {
    for (int64_t i = 0; i < n; ++i)
      labels[i].copy_(kernels::label_map(logits_of(model, pictures, options, i), size_of(pictures)));
  });
  return labels;
}

}  // namespace wordmask::train

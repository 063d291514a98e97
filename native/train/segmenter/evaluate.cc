#include "train/segmenter/evaluate.h"

#include <ATen/ATen.h>

#include <limits>

#include "kernels/confusion/confusion.h"
#include "kernels/label_map/label_map.h"
#include "models/packed_weight.h"
#include "train/segmenter/augment.h"

namespace wordmask::train {

namespace {
// int32 [H, W]
at::Tensor labels_of(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                     const TrainSegmenterOptions& options, int64_t i) {
  const auto logits = model.forward(plain_pixels(pictures, options, i).unsqueeze(0));
  kernels::LabelMapOptions mapping;
  mapping.height = pictures.height(), mapping.width = pictures.width();
  return kernels::label_map(logits.squeeze(0).permute({1, 2, 0}), mapping);
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
}  // namespace

ValidationResult validate(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                          const TrainSegmenterOptions& options, const Cancel& cancel) {
  ValidationResult result;
  const int64_t n = options.model.classes;
  for_inference(model, [&] {
    auto matrix = at::zeros({n, n}, at::kLong);
    for (int64_t i = 0; i < pictures.count(); ++i) {
      if (cancel) cancel->check();
      pictures.check_labels(i, n);
      matrix +=
          kernels::confusion(pictures.labels(i).to(at::kInt), labels_of(model, pictures, options, i), n, kIgnored);
    }
    const auto counts = matrix.to(at::kDouble);
    const auto right = counts.diagonal(), truth = counts.sum(1), predicted = counts.sum(0);
    double sum = 0;
    int occurring = 0;
    for (int64_t c = 0; c < n; ++c) {
      const double both = right[c].item<double>();
      const double either = truth[c].item<double>() + predicted[c].item<double>() - both;
      result.iou.push_back(either > 0 ? both / either : std::numeric_limits<double>::quiet_NaN());
      if (either > 0) sum += both / either, ++occurring;
    }
    result.miou = occurring > 0 ? sum / occurring : 0;
    const double labelled = counts.sum().item<double>();
    result.accuracy = labelled > 0 ? right.sum().item<double>() / labelled : 0;
  });
  return result;
}

at::Tensor sample_labels(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                         const TrainSegmenterOptions& options, int64_t count) {
  const int64_t n = std::min(count, pictures.count());
  auto labels = at::empty({n, pictures.height(), pictures.width()}, at::kByte);
  for_inference(model, [&] {
    for (int64_t i = 0; i < n; ++i) labels[i].copy_(labels_of(model, pictures, options, i));
  });
  return labels;
}

}  // namespace wordmask::train

#pragma once
#include <optional>

#include "base/cancel.h"
#include "models/deeplabv3plus.h"
#include "train/segmenter/dataset.h"
#include "train/segmenter/options.h"

namespace wordmask::train {

struct ValidationResult {
  double miou = 0;                 // over the classes that occur in truth or prediction; 0 where none does
  double accuracy = 0;             // share of the labelled pixels
  std::vector<double> iou;         // a class, NaN for one that occurs nowhere
  std::optional<double> crf_miou;  // of the labels after the dense CRF, where the options ask for it

  // What the best weights are chosen by.
  double decisive() const { return crf_miou.value_or(miou); }
};

// Every picture as it is, in float32, labels at its size; one confusion matrix over the whole set, and one of the
// labels after the CRF.
ValidationResult validate(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                          const TrainSegmenterOptions& options, const Cancel& cancel);

// Labels of the first `count` pictures (fewer where there are not as many). -> uint8 [n, H, W]
at::Tensor sample_labels(models::DeepLabV3PlusImpl& model, const PackedPictures& pictures,
                         const TrainSegmenterOptions& options, int64_t count);

}  // namespace wordmask::train

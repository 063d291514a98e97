#pragma once
#include "train/segmenter/augment.h"
#include "train/segmenter/optimiser.h"

namespace wordmask::train {

// Mean cross-entropy over the labelled pixels, logits [b, T, h, w] enlarged to the labels [b, H, W] bilinearly; 0, with
// a gradient of 0, where no pixel is labelled.
at::Tensor segmentation_loss(const at::Tensor& logits, const at::Tensor& labels);

struct StepResult {
  double loss = 0, gradient_norm = 0;
};

// Step `step` (from 0): forward in training mode, loss, gradients, update. A batch without a labelled pixel changes
// nothing.
StepResult training_step(models::DeepLabV3PlusImpl& model, Optimiser& optimiser, const TrainSegmenterOptions& options,
                         const TrainingBatch& batch, int64_t step);

// Momenta of the norms' statistics and the share that is dropped, as the options say.
void prepare(models::DeepLabV3PlusImpl& model, const TrainSegmenterOptions& options);

}  // namespace wordmask::train

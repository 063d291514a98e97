#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "train/segmenter/evaluate.h"

namespace wordmask::train {

// Means over the steps since the event before; rates of the last one.
struct TrainingMeans {
  double loss = 0, learning_rate = 0, backbone_learning_rate = 0, gradient_norm = 0, images_per_second = 0;
};

// Every `log_every` steps the means; every `validate_every` steps, and at the end, what validation says and samples.
struct SegmenterMetrics {
  int64_t step = 0, steps = 0;
  std::optional<TrainingMeans> means;
  std::optional<ValidationResult> validation;
  at::Tensor samples;  // uint8 [n, H, W]: labels of the first pictures; undefined: none
};

struct TrainSegmenterResult {
  std::string weights;    // of the best mIoU, without a validation set of the last step
  std::string last;       // of the last step
  int64_t steps = 0;      // done
  int64_t best_step = 0;  // of `weights`
  double best_miou = -1;  // after the CRF where validation has it; -1 without a validation set
  double seconds = 0, cpu_seconds = 0;
  bool stopped_early = false;
};

// Runs to the end, or throws ERR_WORDMASK_ABORTED after writing a checkpoint. Deterministic by (options, machine).
// Writes model.safetensors, last.safetensors (ReCo+'s keys, float32, with the options' metadata),
// checkpoint.safetensors and metrics.jsonl into the folder.
TrainSegmenterResult train_segmenter(const TrainSegmenterOptions& options,
                                     const std::function<void(const SegmenterMetrics&)>& on_metrics,
                                     const Cancel& cancel);

}  // namespace wordmask::train

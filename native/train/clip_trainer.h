#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "models/config.h"

namespace wordmask::train {

struct Stage {
  int64_t steps = 0;
  int batch_size = 128;
  int size = 48;
};

// kCaptions: pictures against what captions say. kViews: pictures alone, two looks at each; the text tower stays as it
// is.
enum class Objective { kCaptions, kViews };

struct TrainClipOptions {
  models::ClipConfig model;
  Objective objective = Objective::kCaptions;
  std::vector<std::string> initial;
  std::string scene_pack;     // either this
  std::string packed_pixels;  // or these two: u8 [n, s, s, 3] and int32 [n, context]
  std::string packed_tokens;
  std::string into;
  uint64_t seed = 0;
  std::vector<Stage> stages;
  double learning_rate = 1e-3;
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.98;
  int64_t warmup_steps = 200;
  double clip_norm = 1;
  double patch_loss = 1;
  double claim_loss = 0;
  bool soft_targets = true;
  bool freeze_vision = false;
  bool freeze_text = false;
  bool bfloat16 = true;
  int workers = 2;
  int64_t checkpoint_every = 500;
  int64_t log_every = 20;
};

struct TrainMetrics {
  int64_t step = 0, steps = 0;
  double loss = 0, loss_class = 0, loss_patch = 0, loss_claim = 0, loss_view = 0, learning_rate = 0, grad_norm = 0,
         images_per_second = 0;
  double retrieval = 0;  // share of the captions whose best picture of the batch shows everything they name
};

struct TrainResult {
  std::string weights;
  int64_t steps = 0;
  double seconds = 0;
};

// Runs to the end, or throws ERR_WORDMASK_ABORTED after writing a checkpoint. Deterministic by (options, machine).
TrainResult train_clip(const TrainClipOptions& options, const std::function<void(const TrainMetrics&)>& on_metrics,
                       const Cancel& cancel);

}  // namespace wordmask::train

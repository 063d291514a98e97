#include "train/clip_trainer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/threads.h"
#include "train/adamw.h"
#include "train/metrics_log.h"
#include "train/schedule.h"
#include "train/step.h"
#include "train/train_state.h"

namespace wordmask::train {
namespace {

namespace fs = std::filesystem;

void check(const TrainClipOptions& o) {
  const auto& v = o.model.vision;
  WM_CHECK(!o.into.empty(), code::kInvalidArgument, "Expected a folder for `into` but received an empty path");
  WM_CHECK(o.scene_pack.empty() != (o.packed_pixels.empty() || o.packed_tokens.empty()), code::kInvalidArgument,
           "Expected either a scene pack or packed pixels and tokens as data");
  WM_CHECK(o.workers >= 1 && o.workers <= 64, code::kInvalidArgument, "Expected 1 to 64 workers but received ",
           o.workers);
  WM_CHECK(!o.stages.empty(), code::kInvalidArgument, "Expected at least one stage but received none");
  for (const auto& stage : o.stages) {
    WM_CHECK(stage.steps > 0, code::kInvalidArgument, "Expected a positive number of steps a stage but received ",
             stage.steps);
    WM_CHECK(stage.batch_size >= 2 && stage.batch_size % o.workers == 0, code::kInvalidArgument,
             "Expected batchSize to be at least 2 and a multiple of the ", o.workers, " workers but received ",
             stage.batch_size);
    WM_CHECK(stage.size > 0 && stage.size <= v.image_size && stage.size % v.patch_size == 0, code::kInvalidArgument,
             "Expected the size of a stage to be a multiple of the patch size ", v.patch_size, " and at most ",
             v.image_size, " but received ", stage.size);
  }
  WM_CHECK(o.learning_rate > 0 && o.learning_rate < 1, code::kInvalidArgument,
           "Expected learningRate in (0, 1) but received ", o.learning_rate);
  WM_CHECK(o.weight_decay >= 0 && o.clip_norm > 0 && o.warmup_steps >= 0 && o.patch_loss >= 0 && o.claim_loss >= 0,
           code::kInvalidArgument,
           "Expected weightDecay, warmupSteps and patchLoss of at least 0 and clipNorm above 0 but received ",
           o.weight_decay, ", ", o.warmup_steps, ", ", o.patch_loss, " and ", o.clip_norm);
  WM_CHECK(o.claim_loss == 0 || (o.patch_loss > 0 && o.soft_targets && !o.scene_pack.empty()), code::kInvalidArgument,
           "Expected a scene pack, softTargets and a patchLoss above 0 with claimLoss ", o.claim_loss);
  WM_CHECK(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1, code::kInvalidArgument,
           "Expected beta1 and beta2 in [0, 1) but received ", o.beta1, " and ", o.beta2);
  WM_CHECK(!(o.freeze_vision && o.freeze_text), code::kInvalidArgument,
           "Expected one tower to be trained but both are frozen");
  WM_CHECK(!(o.freeze_vision && o.objective == Objective::kViews), code::kInvalidArgument,
           "Expected the image tower to be trained with the objective views but it is frozen");
  WM_CHECK(o.checkpoint_every > 0 && o.log_every > 0, code::kInvalidArgument,
           "Expected checkpointEvery and logEvery of at least 1 but received ", o.checkpoint_every, " and ",
           o.log_every);
}

struct Position {
  const Stage* stage;
  int64_t first;  // index of the step's first sample
};

Position position_of(const std::vector<Stage>& stages, int64_t step) {
  int64_t first = 0;
  for (const auto& stage : stages) {
    if (step < stage.steps) return {&stage, first + step * stage.batch_size};
    step -= stage.steps;
    first += stage.steps * stage.batch_size;
  }
  return {&stages.back(), first};
}

// Clips by the norm over all parameters (in float64, in parameter order), steps AdamW, refreshes the copies. -> the
// norm.
double update(ParameterStore& store, WorkerPool& pool, AdamW adamw, double clip_norm) {
  const auto& specs = store.specs();
  std::vector<double> squares(specs.size());
  const float* gradient = store.gradient.data_ptr<float>();
  pool.run([&](int worker) {
    for (size_t i = worker; i < specs.size(); i += pool.size()) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t k = 0; k < specs[i].size; ++k) {
        const double g = gradient[specs[i].offset + k];
        sum += g * g;
      }
      squares[i] = sum;
    }
  });
  double total = 0;
  for (const double square : squares) total += square;
  const double norm = std::sqrt(total);
  WM_CHECK(std::isfinite(norm), code::kInternal, "The gradient is not finite at step ", adamw.step,
           "; lower learningRate or train in float32");
  const auto scale = static_cast<float>(std::min(1.0, clip_norm / (norm + 1e-6)));
  float* values = store.values.data_ptr<float>();
  float* m = store.moment1.data_ptr<float>();
  float* v = store.moment2.data_ptr<float>();
  pool.run([&](int worker) {
    c10::NoGradGuard no_grad;
    for (size_t i = worker; i < specs.size(); i += pool.size()) {
      const auto& spec = specs[i];
      if (spec.frozen) continue;
      auto options = adamw;
      if (!spec.decay) options.weight_decay = 0;
      adamw_step(options, spec.size, scale, gradient + spec.offset, values + spec.offset, m + spec.offset,
                 v + spec.offset);
      if (spec.part == Part::kHead && spec.size == 1)
        values[spec.offset] = std::min(values[spec.offset], std::log(100.0f));
      store.refresh(i);
    }
  });
  return norm;
}

}  // namespace

TrainResult train_clip(const TrainClipOptions& options, const std::function<void(const TrainMetrics&)>& on_metrics,
                       const Cancel& cancel) {
  c10::InferenceMode inference(false);
  use_one_thread();  // the workers are the threads; an OpenMP team of this one would spin beside them (a third slower)
  check(options);
  int64_t steps = 0;
  for (const auto& stage : options.stages) steps += stage.steps;
  std::error_code error;
  fs::create_directories(options.into, error);
  WM_CHECK(!error, code::kIo, "Cannot make the folder ", options.into, ": ", error.message());
  const auto source = open_source(options);
  ParameterStore store(parameters_of(options), options.bfloat16);
  store.initialize(options.model, options.seed);
  if (!options.initial.empty()) load_weights(options.initial, store);
  const auto checkpoint = (fs::path(options.into) / "checkpoint.safetensors").string();
  const auto recipe = recipe_of(options);
  TrainState state;
  load_checkpoint(checkpoint, store, state, recipe);
  MetricsLog log((fs::path(options.into) / "metrics.jsonl").string(), state.step);

  WorkerPool pool(options.workers);
  const auto step = make_step(options, *source, store, pool);
  const double start = now() - state.seconds, cpu_start = cpu_seconds() - state.cpu_seconds;
  const auto save = [&] {
    state.seconds = now() - start;
    state.cpu_seconds = cpu_seconds() - cpu_start;
    save_checkpoint(checkpoint, store, state, recipe);
  };
  StepOutput sum;
  double norm_sum = 0, last = now();
  int64_t logged = 0, images = 0;
  while (state.step < steps) {
    if (cancel && cancel->cancelled()) {
      save();
      cancel->check();
    }
    const auto at = position_of(options.stages, state.step);
    const auto output = step->run({at.first, at.stage->batch_size, at.stage->size});
    const double rate = cosine_rate(state.step, steps, options.warmup_steps, options.learning_rate);
    const double norm =
        update(store, pool, {rate, options.beta1, options.beta2, options.weight_decay, 1e-8, state.step + 1},
               options.clip_norm);
    ++state.step;
    sum.loss += output.loss, sum.loss_class += output.loss_class, sum.loss_patch += output.loss_patch,
        sum.loss_claim += output.loss_claim, sum.loss_view += output.loss_view;
    sum.retrieval += output.retrieval, norm_sum += norm;
    ++logged, images += at.stage->batch_size;
    if (state.step % options.log_every == 0 || state.step == steps) {
      const auto n = static_cast<double>(logged);
      const double time = now();
      const TrainMetrics metrics{state.step,         steps,
                                 sum.loss / n,       sum.loss_class / n,
                                 sum.loss_patch / n, sum.loss_claim / n,
                                 sum.loss_view / n,  rate,
                                 norm_sum / n,       static_cast<double>(images) / (time - last),
                                 sum.retrieval / n};
      log.write(nlohmann::json{{"step", metrics.step},
                               {"loss", metrics.loss},
                               {"lossClass", metrics.loss_class},
                               {"lossPatch", metrics.loss_patch},
                               {"lossClaim", metrics.loss_claim},
                               {"lossView", metrics.loss_view},
                               {"retrieval", metrics.retrieval},
                               {"size", at.stage->size},
                               {"learningRate", rate},
                               {"gradNorm", metrics.grad_norm},
                               {"imagesPerSecond", metrics.images_per_second},
                               {"seconds", time - start},
                               {"cpuSeconds", cpu_seconds() - cpu_start}}
                    .dump());
      if (on_metrics) on_metrics(metrics);
      sum = {}, norm_sum = 0, logged = 0, images = 0, last = time;
    }
    if (state.step % options.checkpoint_every == 0) save();
  }
  save();
  TrainResult result{(fs::path(options.into) / "model.safetensors").string(), steps, state.seconds};
  save_weights(result.weights, store, at::kFloat);
  return result;
}

}  // namespace wordmask::train

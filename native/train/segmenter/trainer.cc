#include "train/segmenter/trainer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/threads.h"
#include "models/load.h"
#include "train/metrics_log.h"
#include "train/segmenter/state.h"
#include "train/segmenter/step.h"

namespace wordmask::train {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<models::DeepLabV3PlusImpl> first_model(const TrainSegmenterOptions& o, const Cancel& cancel) {
  auto model = std::make_shared<models::DeepLabV3PlusImpl>(o.model);
  models::initialize(*model, o.seed);
  if (!o.initial.empty())
    models::load_weights(*model, *weights::open_checkpoint(o.initial), models::deeplab_keys(), {}, cancel, {});
  if (!o.backbone.empty()) {
    const auto checkpoint = weights::open_checkpoint(o.backbone);
    models::load_weights(*model->backbone, *checkpoint, models::backbone_keys(*checkpoint), {}, cancel, {});
  }
  prepare(*model, o);
  return model;
}

std::unique_ptr<PackedPictures> open_validation(const TrainSegmenterOptions& o) {
  return o.validation.empty() ? nullptr : std::make_unique<PackedPictures>(o.validation);
}

// A run of the training from where its folder has come to.
class Run {
 public:
  Run(const TrainSegmenterOptions& options, const std::function<void(const SegmenterMetrics&)>& on_metrics,
      const Cancel& cancel)
      : o_(options),
        on_metrics_(on_metrics),
        cancel_(cancel),
        data_(options.data),
        validation_(open_validation(options)),
        model_(first_model(options, cancel)),
        optimiser_(*model_, options) {
    load_checkpoint(file("checkpoint.safetensors"), *model_, optimiser_, state_, recipe_of(o_));
    log_.emplace(file("metrics.jsonl"), state_.step);
    start_ = now() - state_.seconds, cpu_start_ = cpu_seconds() - state_.cpu_seconds;
  }

  TrainSegmenterResult finish() {
    last_ = now();
    for (;;) {
      if (look_due()) look();
      if (state_.step == o_.steps || stopped()) break;
      if (state_.step > 0 && state_.step % o_.checkpoint_every == 0) save();
      if (cancel_ && cancel_->cancelled()) {
        save();
        cancel_->check();
      }
      const auto batch = training_batch(data_, o_, state_.step * o_.batch_size);
      const auto result = training_step(*model_, optimiser_, o_, batch, state_.step);
      ++state_.step, ++logged_;
      loss_ += result.loss, norm_ += result.gradient_norm;
      if (state_.step % o_.log_every == 0 || state_.step == o_.steps) report();
    }
    save();
    save_model("last.safetensors");
    if (!validation_) save_model("model.safetensors");
    return {file("model.safetensors"),
            file("last.safetensors"),
            state_.step,
            validation_ ? state_.best_step : state_.step,
            state_.best_miou,
            state_.seconds,
            state_.cpu_seconds,
            stopped()};
  }

 private:
  std::string file(const char* name) const { return (fs::path(o_.into) / name).string(); }
  bool stopped() const { return o_.patience > 0 && state_.since_best >= o_.patience; }

  void save() {
    state_.seconds = now() - start_;
    state_.cpu_seconds = cpu_seconds() - cpu_start_;
    save_checkpoint(file("checkpoint.safetensors"), *model_, optimiser_, state_, recipe_of(o_));
  }

  void save_model(const char* name) const {
    weights::write_safetensors(file(name), models::checkpoint_state(*model_, state_.step), o_.metadata);
  }

  bool look_due() const {
    if (state_.step == state_.looked || (!validation_ && o_.samples == 0)) return false;
    return state_.step == o_.steps || state_.step % o_.validate_every == 0;
  }

  void look() {
    SegmenterMetrics m{state_.step, o_.steps, {}, {}, {}};
    try {
      if (validation_) m.validation = validate(*model_, *validation_, o_, cancel_);
    } catch (...) {
      save();
      throw;
    }
    if (o_.samples > 0) m.samples = sample_labels(*model_, validation_ ? *validation_ : data_, o_, o_.samples);
    state_.looked = state_.step;
    if (m.validation) {
      judge(*m.validation);
      nlohmann::json line{
          {"miou", m.validation->miou}, {"accuracy", m.validation->accuracy}, {"iou", m.validation->iou}};
      if (m.validation->crf_miou) line["crfMiou"] = *m.validation->crf_miou;
      log(std::move(line));
    }
    if (on_metrics_) on_metrics_(m);
    last_ = now();
  }

  void judge(const ValidationResult& result) {
    ++state_.since_best;
    if (result.decisive() <= state_.best_miou) return;
    state_.best_miou = result.decisive(), state_.best_step = state_.step, state_.since_best = 0;
    save_model("model.safetensors");
  }

  void report() {
    const auto n = static_cast<double>(logged_);
    const auto rates = optimiser_.rates(state_.step - 1);
    const TrainingMeans means{loss_ / n, rates.head, rates.backbone, norm_ / n, n * o_.batch_size / (now() - last_)};
    log({{"loss", means.loss},
         {"learningRate", means.learning_rate},
         {"backboneLearningRate", means.backbone_learning_rate},
         {"gradNorm", means.gradient_norm},
         {"imagesPerSecond", means.images_per_second}});
    if (on_metrics_) on_metrics_({state_.step, o_.steps, means, {}, {}});
    loss_ = norm_ = 0, logged_ = 0, last_ = now();
  }

  // NaN, the IoU of a class that occurs nowhere, is null.
  void log(nlohmann::json line) {
    line["step"] = state_.step;
    line["seconds"] = now() - start_;
    line["cpuSeconds"] = cpu_seconds() - cpu_start_;
    log_->write(line.dump());
  }

  const TrainSegmenterOptions& o_;
  const std::function<void(const SegmenterMetrics&)>& on_metrics_;
  const Cancel& cancel_;
  PackedPictures data_;
  std::unique_ptr<PackedPictures> validation_;
  std::shared_ptr<models::DeepLabV3PlusImpl> model_;
  Optimiser optimiser_;
  SegmenterState state_;
  std::optional<MetricsLog> log_;
  double start_ = 0, cpu_start_ = 0, last_ = 0, loss_ = 0, norm_ = 0;
  int64_t logged_ = 0;
};

}  // namespace

TrainSegmenterResult train_segmenter(const TrainSegmenterOptions& options,
                                     const std::function<void(const SegmenterMetrics&)>& on_metrics,
                                     const Cancel& cancel) {
  c10::InferenceMode inference(false);
  check_options(options);
  use_threads(options.workers);
  std::error_code error;
  fs::create_directories(options.into, error);
  WM_CHECK(!error, code::kIo, "Cannot make the folder ", options.into, ": ", error.message());
  return Run(options, on_metrics, cancel).finish();
}

}  // namespace wordmask::train

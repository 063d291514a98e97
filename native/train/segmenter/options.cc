#include "train/segmenter/options.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wordmask::train {

namespace {
void check_chance(const char* name, double value) {
  WM_CHECK(value >= 0 && value <= 1, code::kInvalidArgument, "Expected augment.", name,
           " between 0 and 1 but received ", value);
}
}  // namespace

void check_options(const TrainSegmenterOptions& o) {
  models::check_config(o.model);
  WM_CHECK(o.model.classes <= 254, code::kInvalidArgument, "Expected at most 254 classes but received ",
           o.model.classes);
  WM_CHECK(!o.into.empty(), code::kInvalidArgument, "Expected a folder for `into` but received an empty path");
  WM_CHECK(o.initial.empty() || o.backbone.empty(), code::kInvalidArgument,
           "Expected weights of a whole network or of a backbone but received both");
  WM_CHECK(o.steps > 0, code::kInvalidArgument, "Expected a positive number of steps but received ", o.steps);
  // The mean over the picture is one number a channel: its norm needs two pictures.
  WM_CHECK(o.batch_size >= 2 && o.batch_size <= 4096, code::kInvalidArgument,
           "Expected batchSize of at least 2 (batch norm needs two pictures) but received ", o.batch_size);
  for (const int side : {o.crop_width, o.crop_height})
    WM_CHECK(side >= 16 && side <= 4096, code::kInvalidArgument, "Expected crop sides of 16 to 4096 but received ",
             side);
  WM_CHECK(o.learning_rate > 0 && o.learning_rate < 10 && o.backbone_learning_rate >= 0 &&
               o.backbone_learning_rate < 10 && o.learning_rate_floor >= 0,
           code::kInvalidArgument,
           "Expected learningRate in (0, 10), backboneLearningRate in [0, 10) and a floor of at ",
           "least 0 but received ", o.learning_rate, ", ", o.backbone_learning_rate, " and ", o.learning_rate_floor);
  WM_CHECK(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1 && o.momentum >= 0 && o.momentum < 1,
           code::kInvalidArgument, "Expected beta1, beta2 and momentum in [0, 1) but received ", o.beta1, ", ", o.beta2,
           " and ", o.momentum);
  WM_CHECK(o.power >= 0 && o.weight_decay >= 0 && o.dropout >= 0 && o.dropout < 1 && o.backbone_norm_momentum > 0 &&
               o.backbone_norm_momentum <= 1,
           code::kInvalidArgument, "Expected power and weightDecay of at least 0, dropout in [0, 1) and ",
           "backboneNormMomentum in (0, 1] but received ", o.power, ", ", o.weight_decay, ", ", o.dropout, " and ",
           o.backbone_norm_momentum);
  const auto& a = o.augment;
  WM_CHECK(a.scale_low > 0 && a.scale_low <= a.scale_high && a.scale_high <= 16, code::kInvalidArgument,
           "Expected augment.scale as [low, high] with 0 < low <= high <= 16 but received ", a.scale_low, " and ",
           a.scale_high);
  check_chance("flip", a.flip), check_chance("jitter", a.jitter), check_chance("grey", a.grey),
      check_chance("blur", a.blur), check_chance("brightness", a.brightness), check_chance("contrast", a.contrast),
      check_chance("saturation", a.saturation);
  WM_CHECK(a.hue >= 0 && a.hue <= 0.5, code::kInvalidArgument, "Expected augment.hue between 0 and 0.5 but received ",
           a.hue);
  WM_CHECK(o.workers >= 1 && o.workers <= 256, code::kInvalidArgument, "Expected 1 to 256 workers but received ",
           o.workers);
  WM_CHECK(o.checkpoint_every > 0 && o.validate_every > 0 && o.log_every > 0 && o.patience >= 0 && o.samples >= 0,
           code::kInvalidArgument, "Expected checkpointEvery, validateEvery and logEvery of at least 1, patience and ",
           "samples of at least 0 but received ", o.checkpoint_every, ", ", o.validate_every, ", ", o.log_every, ", ",
           o.patience, " and ", o.samples);
  WM_CHECK(!o.validate_crf || !o.validation.empty(), code::kInvalidArgument,
           "Expected a validation set with validateRefine but received none");
  WM_CHECK(o.patience == 0 || !o.validation.empty(), code::kInvalidArgument, "Expected a validation set with patience ",
           o.patience);
}

std::string recipe_of(const TrainSegmenterOptions& o) {
  nlohmann::json validation{!o.validation.empty(), o.validate_every, o.patience};
  if (o.validate_crf) validation.push_back("crf");
  const auto& a = o.augment;
  return nlohmann::json{
      {"model",
       {static_cast<int>(o.model.backbone), o.model.classes, o.model.output_stride, o.model.width, o.model.layers}},
      {"initial", !o.initial.empty()},
      {"backbone", !o.backbone.empty()},
      {"seed", o.seed},
      {"steps", o.steps},
      {"batchSize", o.batch_size},
      {"crop", {o.crop_width, o.crop_height}},
      {"optimiser", o.optimiser == TrainSegmenterOptions::Optimiser::kAdam ? "adam" : "sgd"},
      {"learningRate", {o.learning_rate, o.backbone_learning_rate, o.learning_rate_floor, o.power}},
      {"weightDecay", o.weight_decay},
      {"betas", {o.beta1, o.beta2, o.momentum}},
      {"backboneNormMomentum", o.backbone_norm_momentum},
      {"dropout", o.dropout},
      {"augment",
       {a.scale_low, a.scale_high, a.flip, a.jitter, a.brightness, a.contrast, a.saturation, a.hue, a.grey, a.blur}},
      {"normalise", {o.mean, o.std}},
      {"dtype", o.bfloat16 ? "bfloat16" : "float32"},
      {"validation", validation},
      {"workers", o.workers}}
      .dump();
}

}  // namespace wordmask::train

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/deeplab_config.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"
#include "train/segmenter/fit.h"
#include "train/segmenter/trainer.h"

namespace wordmask::bindings {
namespace {

using train::TrainSegmenterOptions;

constexpr int kMaxSide = 1 << 14;
constexpr int64_t kMaxSteps = int64_t{1} << 40;

train::SegmenterAugment read_augment(const Argument& argument) {
  train::SegmenterAugment augment;
  const auto chance = [&](const char* name) { return argument[name].number(0, 1); };
  augment.scale_low = argument["scaleLow"].number(0, 16), augment.scale_high = argument["scaleHigh"].number(0, 16);
  augment.flip = chance("flip"), augment.jitter = chance("jitter");
  augment.brightness = chance("brightness"), augment.contrast = chance("contrast");
  augment.saturation = chance("saturation"), augment.hue = chance("hue");
  augment.grey = chance("grey"), augment.blur = chance("blur");
  return augment;
}

TrainSegmenterOptions read_options(const Argument& argument) {
  TrainSegmenterOptions o;
  const auto number = [&](const char* name) { return argument[name].number(0, 1e6); };
  const auto count = [&](const char* name, int64_t low) { return argument[name].integer(low, kMaxSteps); };
  o.model = read_deeplab_config(argument["model"]);
  if (const Argument initial = argument["initial"]; initial.given()) o.initial = initial.strings();
  if (const Argument backbone = argument["backboneWeights"]; backbone.given()) o.backbone = backbone.strings();
  o.data = argument["data"].string();
  if (const Argument validation = argument["validation"]; validation.given()) o.validation = validation.string();
  o.into = argument["into"].string();
  o.metadata = read_metadata(argument["metadata"]);
  o.seed = argument["seed"].integer(0, int64_t{1} << 53);
  o.steps = count("steps", 1);
  o.batch_size = static_cast<int>(argument["batchSize"].integer(1, 1 << 16));
  o.crop_width = static_cast<int>(argument["crop"]["width"].integer(1, kMaxSide));
  o.crop_height = static_cast<int>(argument["crop"]["height"].integer(1, kMaxSide));
  o.optimiser = argument["optimiser"].one_of({"adam", "sgd"}) == "adam" ? TrainSegmenterOptions::Optimiser::kAdam
                                                                        : TrainSegmenterOptions::Optimiser::kSgd;
  o.learning_rate = number("learningRate"), o.backbone_learning_rate = number("backboneLearningRate");
  o.learning_rate_floor = number("learningRateFloor"), o.power = number("power");
  o.weight_decay = number("weightDecay"), o.momentum = number("momentum");
  o.beta1 = number("beta1"), o.beta2 = number("beta2");
  o.backbone_norm_momentum = number("backboneNormMomentum"), o.dropout = number("dropout");
  o.augment = read_augment(argument["augment"]);
  const auto normal = read_resize(argument["preprocess"]);
  o.mean = normal.mean, o.std = normal.std;
  o.bfloat16 = argument["dtype"].one_of({"float32", "bfloat16"}) == "bfloat16";
  o.workers = static_cast<int>(argument["workers"].integer(1, 256));
  o.checkpoint_every = count("checkpointEvery", 1), o.validate_every = count("validateEvery", 1);
  o.log_every = count("logEvery", 1), o.patience = count("patience", 0);
  o.samples = static_cast<int>(argument["samples"].integer(0, 1024));
  if (const Argument refine = argument["validateRefine"]; refine.given())
    o.validate_crf = refine.one_of({"crf"}) == "crf";
  return o;
}

Napi::Object metrics_to_js(Napi::Env env, const train::SegmenterMetrics& m) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* key, double value) { object[key] = Napi::Number::New(env, value); };
  set("step", static_cast<double>(m.step));
  set("steps", static_cast<double>(m.steps));
  if (m.means) {
    set("loss", m.means->loss);
    set("learningRate", m.means->learning_rate);
    set("backboneLearningRate", m.means->backbone_learning_rate);
    set("gradNorm", m.means->gradient_norm);
    set("imagesPerSecond", m.means->images_per_second);
  }
  if (m.validation) {
    set("miou", m.validation->miou);
    set("accuracy", m.validation->accuracy);
    object["iou"] = to_array(env, m.validation->iou);
    if (m.validation->crf_miou) set("crfMiou", *m.validation->crf_miou);
  }
  if (m.samples.defined()) object["samples"] = to_values<Napi::Uint8Array>(env, m.samples);
  return object;
}

// trainSegmenter(options, onMetrics, task): Promise<TrainedSegmenter>
Napi::Value train_segmenter(const Napi::CallbackInfo& info) {
  Task task = read_task(info[2]);
  task.on_event = Argument(info[1], "onMetrics").function();
  return run(
      info.Env(), std::move(task), "training",
      [options = read_options({info[0], "options"})](const Job& job) {
        const auto report = [&](const train::SegmenterMetrics& metrics) {
          job.emit([metrics](Napi::Env env) { return metrics_to_js(env, metrics); });
          job.progress(static_cast<double>(metrics.step), static_cast<double>(metrics.steps));
        };
        return train::train_segmenter(options, report, job.cancel);
      },
      [](Napi::Env env, const std::shared_ptr<train::TrainSegmenterResult>& result) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["weights"] = result->weights;
        object["last"] = result->last;
        object["steps"] = Napi::Number::New(env, static_cast<double>(result->steps));
        object["bestStep"] = Napi::Number::New(env, static_cast<double>(result->best_step));
        if (result->best_miou >= 0) object["miou"] = Napi::Number::New(env, result->best_miou);
        object["seconds"] = Napi::Number::New(env, result->seconds);
        object["cpuSeconds"] = Napi::Number::New(env, result->cpu_seconds);
        object["stoppedEarly"] = result->stopped_early;
        return object;
      },
      Executor::Mode::kGrad);
}

// fitPicture(image, labels, lookup, size, task): Promise<{ pixels, labels, unknown }>
Napi::Value fit_picture(const Napi::CallbackInfo& info) {
  const Argument map(info[1], "labels"), size(info[3], "size"), table(info[2], "lookup");
  const auto bytes = table.bytes();
  LabelMap shape{
      static_cast<int>(map["width"].integer(1, 1 << 20)), static_cast<int>(map["height"].integer(1, 1 << 20)), {}};
  return run(
      info.Env(), read_task(info[4]), "files",
      [image = read_image({info[0], "image"}), raw = read_labels(map["data"]), shape,
       lookup = std::vector<uint8_t>(bytes.Data(), bytes.Data() + bytes.ElementLength()),
       width = static_cast<int>(size["width"].integer(1, kMaxSide)),
       height = static_cast<int>(size["height"].integer(1, kMaxSide))](const Job&) {
        LabelMap labels = shape;
        labels.data = raw.widened();
        return train::fit_picture(image, labels, lookup, width, height);
      },
      [](Napi::Env env, const std::shared_ptr<train::FittedPicture>& fitted) -> Napi::Value {
        const auto array = [&](std::vector<uint8_t>& values) {
          return Napi::Uint8Array::New(env, values.size(), to_buffer(env, values.data(), values.size(), fitted), 0);
        };
        Napi::Object object = Napi::Object::New(env);
        object["pixels"] = array(fitted->pixels);
        object["labels"] = array(fitted->labels);
        object["unknown"] = Napi::Number::New(env, fitted->unknown);
        return object;
      });
}

}  // namespace

std::vector<napi_property_descriptor> train_segmenter_functions() {
  return {async<train_segmenter>("trainSegmenter", kExport), async<fit_picture>("fitPicture", kExport)};
}

}  // namespace wordmask::bindings

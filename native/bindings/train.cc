#include <climits>

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"
#include "train/clip_trainer.h"

namespace wordmask::bindings {
namespace {

using train::TrainClipOptions;

train::Stage read_stage(const Argument& argument) {
  return {argument["steps"].integer(1, int64_t{1} << 40), static_cast<int>(argument["batchSize"].integer(1, 1 << 20)),
          static_cast<int>(argument["size"].integer(1, 1 << 14))};
}

TrainClipOptions read_options(const Argument& argument) {
  TrainClipOptions options;
  options.model = read_clip_config(argument["model"]);
  if (const Argument initial = argument["initial"]; initial.given()) options.initial = initial.strings();
  const Argument data = argument["data"];
  if (data["kind"].one_of({"scenes", "packed"}) == "scenes") {
    options.scene_pack = data["pack"].string();
  } else {
    options.packed_pixels = data["pixels"].string();
    options.packed_tokens = data["tokens"].string();
  }
  options.into = argument["into"].string();
  options.seed = argument["seed"].integer(0, int64_t{1} << 53);
  const Argument stages = argument["stages"];
  for (uint32_t i = 0, n = stages.length(); i < n; ++i) options.stages.push_back(read_stage(stages.at(i)));
  if (options.stages.empty()) stages.wrong("at least one stage");
  options.learning_rate = argument["learningRate"].number(0, 1e3);
  options.weight_decay = argument["weightDecay"].number(0, 1e3);
  options.beta1 = argument["beta1"].number(0, 1);
  options.beta2 = argument["beta2"].number(0, 1);
  options.warmup_steps = argument["warmupSteps"].integer(0, int64_t{1} << 40);
  options.clip_norm = argument["clipNorm"].number(0, 1e9);
  options.patch_loss = argument["patchLoss"].number(0, 1e3);
  options.claim_loss = argument["claimLoss"].number(0, 1e3);
  options.soft_targets = argument["softTargets"].boolean();
  if (argument["objective"].one_of({"captions", "views"}) == "views") options.objective = train::Objective::kViews;
  options.freeze_vision = argument["freeze"]["vision"].boolean();
  options.freeze_text = argument["freeze"]["text"].boolean();
  options.bfloat16 = argument["dtype"].one_of({"float32", "bfloat16"}) == "bfloat16";
  options.workers = static_cast<int>(argument["workers"].integer(1, 256));
  options.checkpoint_every = argument["checkpointEvery"].integer(1, int64_t{1} << 40);
  options.log_every = argument["logEvery"].integer(1, int64_t{1} << 40);
  return options;
}

Napi::Object metrics_to_js(Napi::Env env, const train::TrainMetrics& metrics) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* key, double value) { object[key] = Napi::Number::New(env, value); };
  set("step", static_cast<double>(metrics.step));
  set("steps", static_cast<double>(metrics.steps));
  set("loss", metrics.loss);
  set("lossClass", metrics.loss_class);
  set("lossPatch", metrics.loss_patch);
  set("lossClaim", metrics.loss_claim);
  set("lossView", metrics.loss_view);
  set("learningRate", metrics.learning_rate);
  set("gradNorm", metrics.grad_norm);
  set("imagesPerSecond", metrics.images_per_second);
  set("retrieval", metrics.retrieval);
  return object;
}

// trainClip(options, onMetrics, task): Promise<{ weights, steps, seconds }>
Napi::Value train_clip(const Napi::CallbackInfo& info) {
  Task task = read_task(info[2]);
  task.on_event = Argument(info[1], "onMetrics").function();
  return run(
      info.Env(), std::move(task), "training",
      [options = read_options({info[0], "options"})](const Job& job) {
        const auto report = [&](const train::TrainMetrics& metrics) {
          job.emit([metrics](Napi::Env env) { return metrics_to_js(env, metrics); });
          job.progress(static_cast<double>(metrics.step), static_cast<double>(metrics.steps));
        };
        return train::train_clip(options, report, job.cancel);
      },
      [](Napi::Env env, const std::shared_ptr<train::TrainResult>& result) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["weights"] = result->weights;
        object["steps"] = Napi::Number::New(env, static_cast<double>(result->steps));
        object["seconds"] = Napi::Number::New(env, result->seconds);
        return object;
      },
      Executor::Mode::kGrad);
}

}  // namespace

std::vector<napi_property_descriptor> train_functions() { return {async<train_clip>("trainClip", kExport)}; }

}  // namespace wordmask::bindings

#include "bindings/deeplab_wrap.h"

#include "base/device.h"
#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/deeplab_config.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

using pipeline::DeepLab;

struct Loaded {
  std::shared_ptr<DeepLab> model;
  pipeline::ModelInfo info;
};

Napi::Promise make(const Napi::CallbackInfo& info, Napi::Value task, const pipeline::Compute& compute,
                   std::function<std::shared_ptr<DeepLab>(const Job&)> create) {
  const std::string lane = parse_device(compute.device).str();
  return run(
      info.Env(), read_task(task), lane,
      [create = std::move(create)](const Job& job) {
        Loaded loaded{create(job), {}};
        loaded.info = loaded.model->info();
        return loaded;
      },
      [lane](Napi::Env env, const std::shared_ptr<Loaded>& loaded) -> Napi::Value {
        return Wrapped<DeepLabWrap>::make(env, std::make_unique<DeepLabWrap>(env, loaded->model, loaded->info, lane));
      });
}

// static load(config, files, compute, task): Promise<DeepLab>
Napi::Value load(const Napi::CallbackInfo& info) {
  const auto config = read_deeplab_config({info[0], "config"});
  const auto files = Argument(info[1], "files").strings();
  const auto compute = read_compute({info[2], "compute"});
  return make(info, info[3], compute,
              [=](const Job& job) { return DeepLab::load(config, files, compute, job.cancel, job.progress); });
}

// static random(config, seed, compute, task): Promise<DeepLab>
Napi::Value random(const Napi::CallbackInfo& info) {
  const auto config = read_deeplab_config({info[0], "config"});
  const uint64_t seed = Argument(info[1], "seed").integer(0, int64_t{1} << 53);
  const auto compute = read_compute({info[2], "compute"});
  return make(info, info[3], compute, [=](const Job&) { return DeepLab::random(config, seed, compute); });
}

// info(): ClipInfo
Napi::Value about(const Napi::CallbackInfo& info) {
  const DeepLabWrap& self = Wrapped<DeepLabWrap>::receiver(info);
  self.alive();
  return to_js(info.Env(), self.info);
}

// logits(image, options, task): Promise<Float32Tensor>
Napi::Value logits(const Napi::CallbackInfo& info) {
  const DeepLabWrap& self = Wrapped<DeepLabWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[2]), self.lane,
      [model = self.alive(), image = read_image({info[0], "image"}),
       options = read_dense({info[1], "options"})](const Job&) { return model->logits(image, options); },
      ToTensor());
}

// logitsOfPixels(pixels, task): Promise<Float32Tensor>
Napi::Value logits_of_pixels(const Napi::CallbackInfo& info) {
  const DeepLabWrap& self = Wrapped<DeepLabWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[1]), self.lane,
      [model = self.alive(), pixels = read_tensor({info[0], "pixels"})](const Job&) { return model->logits(pixels); },
      ToTensor());
}

// score(image, options, task): Promise<Float32Tensor>
Napi::Value score(const Napi::CallbackInfo& info) {
  const DeepLabWrap& self = Wrapped<DeepLabWrap>::receiver(info);
  const Argument options(info[1], "options");
  return run(
      info.Env(), read_task(info[2]), self.lane,
      [model = self.alive(), image = read_image({info[0], "image"}), dense = read_dense(options),
       background = options["background"].boolean()](const Job&) { return model->score(image, dense, background); },
      ToTensor());
}

// save(file, dtype, metadata, task): Promise<void>
Napi::Value save(const Napi::CallbackInfo& info) {
  const DeepLabWrap& self = Wrapped<DeepLabWrap>::receiver(info);
  const auto dtype = Argument(info[1], "dtype").one_of({"float32", "float16"}) == "float32" ? at::kFloat : at::kHalf;
  return run(
      info.Env(), read_task(info[3]), self.lane,
      [model = self.alive(), file = Argument(info[0], "file").string(), dtype,
       metadata = read_metadata({info[2], "metadata"})](const Job&) { model->save(file, dtype, metadata); },
      ToUndefined());
}

// dispose(): void
Napi::Value dispose(const Napi::CallbackInfo& info) {
  Wrapped<DeepLabWrap>::receiver(info).release(info.Env());
  return info.Env().Undefined();
}

}  // namespace

DeepLabWrap::DeepLabWrap(Napi::Env env, std::shared_ptr<DeepLab> model, const pipeline::ModelInfo& about,
                         std::string on_lane)
    : info(about), lane(std::move(on_lane)), model_(std::move(model)) {
  Napi::MemoryManagement::AdjustExternalMemory(env, info.bytes);
}

std::shared_ptr<DeepLab> DeepLabWrap::alive() const {
  WM_CHECK(model_, code::kDisposed, "This DeepLab was disposed");
  return model_;
}

void DeepLabWrap::release(Napi::Env env) {
  if (!model_) return;
  model_.reset();
  Napi::MemoryManagement::AdjustExternalMemory(env, -info.bytes);
}

std::unique_ptr<DeepLabWrap> DeepLabWrap::construct(const Napi::CallbackInfo& info) {
  return Wrapped<DeepLabWrap>::handed_over(info, "DeepLab.load or DeepLab.random");
}

void DeepLabWrap::finalize(Napi::Env env, DeepLabWrap* wrap) {
  wrap->release(env);
  delete wrap;
}

void DeepLabWrap::define(Napi::Env env, Napi::Object exports) {
  Wrapped<DeepLabWrap>::define(env, exports,
                               {async<load>("load", kStatic), async<random>("random", kStatic), sync<about>("info"),
                                async<logits>("logits"), async<logits_of_pixels>("logitsOfPixels"),
                                async<score>("score"), async<save>("save"), sync<dispose>("dispose")});
}

}  // namespace wordmask::bindings

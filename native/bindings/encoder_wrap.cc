#include "bindings/encoder_wrap.h"

#include "base/device.h"
#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

using pipeline::Encoder;

struct Loaded {
  std::shared_ptr<Encoder> encoder;
  pipeline::ModelInfo info;
};

Napi::Promise make(const Napi::CallbackInfo& info, Napi::Value task, const pipeline::Compute& compute,
                   std::function<std::shared_ptr<Encoder>(const Job&)> create) {
  const std::string lane = parse_device(compute.device).str();
  return run(
      info.Env(), read_task(task), lane,
      [create = std::move(create)](const Job& job) {
        Loaded loaded{create(job), {}};
        loaded.info = loaded.encoder->info();
        return loaded;
      },
      [lane](Napi::Env env, const std::shared_ptr<Loaded>& loaded) -> Napi::Value {
        return Wrapped<EncoderWrap>::make(env, std::make_unique<EncoderWrap>(env, loaded->encoder, loaded->info, lane));
      });
}

// static load(config, files, compute, task): Promise<Encoder>
Napi::Value load(const Napi::CallbackInfo& info) {
  const auto config = read_encoder_config({info[0], "config"});
  const auto files = Argument(info[1], "files").strings();
  const auto compute = read_compute({info[2], "compute"});
  return make(info, info[3], compute,
              [=](const Job& job) { return Encoder::load(config, files, compute, job.cancel, job.progress); });
}

// static random(config, seed, compute, task): Promise<Encoder>
Napi::Value random(const Napi::CallbackInfo& info) {
  const auto config = read_encoder_config({info[0], "config"});
  const uint64_t seed = Argument(info[1], "seed").integer(0, int64_t{1} << 53);
  const auto compute = read_compute({info[2], "compute"});
  return make(info, info[3], compute, [=](const Job&) { return Encoder::random(config, seed, compute); });
}

// info(): EncoderInfo
Napi::Value about(const Napi::CallbackInfo& info) {
  const EncoderWrap& self = Wrapped<EncoderWrap>::receiver(info);
  self.alive();
  Napi::Object result = to_js(info.Env(), self.info);
  result["cell"] = Napi::Number::New(info.Env(), static_cast<double>(self.cell));
  result["channels"] = Napi::Number::New(info.Env(), static_cast<double>(self.channels));
  return result;
}

// features(image, options, task): Promise<Float32Tensor>
Napi::Value features(const Napi::CallbackInfo& info) {
  const EncoderWrap& self = Wrapped<EncoderWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[2]), self.lane,
      [encoder = self.alive(), image = read_image({info[0], "image"}), options = read_dense({info[1], "options"})](
          const Job& job) { return encoder->features(image, options.width, options.height, options, job.cancel); },
      ToTensor());
}

// featuresOfPixels(pixels, task): Promise<Float32Tensor>
Napi::Value features_of_pixels(const Napi::CallbackInfo& info) {
  const EncoderWrap& self = Wrapped<EncoderWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[1]), self.lane,
      [encoder = self.alive(), pixels = read_tensor({info[0], "pixels"})](const Job& job) {
        return encoder->features(pixels, job.cancel);
      },
      ToTensor());
}

// dispose(): void
Napi::Value dispose(const Napi::CallbackInfo& info) {
  Wrapped<EncoderWrap>::receiver(info).release(info.Env());
  return info.Env().Undefined();
}

}  // namespace

EncoderWrap::EncoderWrap(Napi::Env env, std::shared_ptr<Encoder> model, const pipeline::ModelInfo& about,
                         std::string on_lane)
    : info(about),
      cell(model->cell()),
      channels(model->channels()),
      lane(std::move(on_lane)),
      model_(std::move(model)) {
  Napi::MemoryManagement::AdjustExternalMemory(env, info.bytes);
}

std::shared_ptr<Encoder> EncoderWrap::alive() const {
  WM_CHECK(model_, code::kDisposed, "This Encoder was disposed");
  return model_;
}

void EncoderWrap::release(Napi::Env env) {
  if (!model_) return;
  model_.reset();
  Napi::MemoryManagement::AdjustExternalMemory(env, -info.bytes);
}

std::unique_ptr<EncoderWrap> EncoderWrap::construct(const Napi::CallbackInfo& info) {
  return Wrapped<EncoderWrap>::handed_over(info, "Encoder.load or Encoder.random");
}

void EncoderWrap::finalize(Napi::Env env, EncoderWrap* encoder) {
  encoder->release(env);
  delete encoder;
}

void EncoderWrap::define(Napi::Env env, Napi::Object exports) {
  Wrapped<EncoderWrap>::define(
      env, exports,
      {async<load>("load", kStatic), async<random>("random", kStatic), sync<about>("info"), async<features>("features"),
       async<features_of_pixels>("featuresOfPixels"), sync<dispose>("dispose")});
}

}  // namespace wordmask::bindings

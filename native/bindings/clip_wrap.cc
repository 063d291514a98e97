#include "bindings/clip_wrap.h"

#include <climits>

#include "base/device.h"
#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

using pipeline::Clip;

struct Loaded {
  std::shared_ptr<Clip> clip;
  pipeline::ModelInfo info;
};

Napi::Promise make(const Napi::CallbackInfo& info, Napi::Value task, const pipeline::Compute& compute,
                   std::function<std::shared_ptr<Clip>(const Job&)> create) {
  const std::string lane = parse_device(compute.device).str();
  return run(
      info.Env(), read_task(task), lane,
      [create = std::move(create)](const Job& job) {
        Loaded loaded{create(job), {}};
        loaded.info = loaded.clip->info();
        return loaded;
      },
      [lane](Napi::Env env, const std::shared_ptr<Loaded>& loaded) -> Napi::Value {
        return Wrapped<ClipWrap>::make(env, std::make_unique<ClipWrap>(env, loaded->clip, loaded->info, lane));
      });
}

// static load(config, files, compute, task): Promise<Clip>
Napi::Value load(const Napi::CallbackInfo& info) {
  const auto config = read_clip_config({info[0], "config"});
  const auto files = Argument(info[1], "files").strings();
  const auto compute = read_compute({info[2], "compute"});
  return make(info, info[3], compute,
              [=](const Job& job) { return Clip::load(config, files, compute, job.cancel, job.progress); });
}

// static random(config, seed, compute, task): Promise<Clip>
Napi::Value random(const Napi::CallbackInfo& info) {
  const auto config = read_clip_config({info[0], "config"});
  const uint64_t seed = Argument(info[1], "seed").integer(0, int64_t{1} << 53);
  const auto compute = read_compute({info[2], "compute"});
  return make(info, info[3], compute, [=](const Job&) { return Clip::random(config, seed, compute); });
}

// info(): ModelInfo
Napi::Value about(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  self.alive();
  return to_js(info.Env(), self.info);
}

// preprocess(image, options, task): Promise<Float32Tensor>
Napi::Value preprocess(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[2]), self.lane,
      [clip = self.alive(), image = read_image({info[0], "image"}),
       options = read_resize({info[1], "options"})](const Job&) { return clip->preprocess(image, options); },
      ToTensor());
}

int batch_size(const Argument& options) { return static_cast<int>(options["batchSize"].integer(1, 1 << 16)); }

struct Encoded {
  at::Tensor rows;
  int64_t together = 0;
};

// Waits in line with the other encode calls of the Clip.
Napi::Promise encode(const Napi::CallbackInfo& info, const ClipWrap& self, const Argument& task,
                     pipeline::EncodeQueue::Place place) {
  return run(
      info.Env(), read_task(task.value()), self.lane,
      [clip = self.alive(), line = self.encodings, own = self.encodings->add(std::move(place))](const Job& job) {
        Encoded encoded{line->answer(*clip, own, job.cancel, job.progress), 0};
        encoded.together = own->together;
        return encoded;
      },
      [](Napi::Env env, const std::shared_ptr<Encoded>& encoded) -> Napi::Value {
        Napi::Object object = to_js(env, encoded->rows);
        object["together"] = Napi::Number::New(env, static_cast<double>(encoded->together));
        return object;
      });
}

// encodeImage(images, options, task): Promise<EncodeResult>
Napi::Value encode_image(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  self.alive();
  const Argument list(info[0], "images"), options(info[1], "options");
  pipeline::EncodeQueue::Place place;
  for (uint32_t i = 0, n = list.length(); i < n; ++i) place.images.push_back(read_image(list.at(i)));
  place.resize = read_resize(options);
  place.normalize = options["normalize"].boolean();
  place.batch_size = batch_size(options);
  return encode(info, self, {info[2], "task"}, std::move(place));
}

// encodePixels(pixels, options, task): Promise<Float32Tensor>
Napi::Value encode_pixels(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[2]), self.lane,
      [clip = self.alive(), pixels = read_tensor({info[0], "pixels"}),
       normalize = Argument(info[1], "options")["normalize"].boolean()](const Job&) {
        return clip->encode_pixels(pixels, normalize);
      },
      ToTensor());
}

// encodeText(tokens, n, options, task): Promise<EncodeResult>
Napi::Value encode_text(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  const auto clip = self.alive();
  const int64_t rows = Argument(info[1], "n").integer(0, INT_MAX);
  const Argument options(info[2], "options");
  pipeline::EncodeQueue::Place place;
  place.tokens = read_tokens({info[0], "tokens"}, rows, clip->config().text.context_length);
  place.normalize = options["normalize"].boolean();
  place.batch_size = batch_size(options);
  return encode(info, self, {info[3], "task"}, std::move(place));
}

// encodeClasses(tokens, counts, options, task): Promise<Float32Tensor>
Napi::Value encode_classes(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  const auto clip = self.alive();
  const Argument list(info[1], "counts");
  std::vector<int64_t> counts;
  int64_t rows = 0;
  for (uint32_t i = 0, n = list.length(); i < n; ++i) {
    counts.push_back(list.at(i).integer(1, INT_MAX));
    rows += counts.back();
  }
  return run(
      info.Env(), read_task(info[3]), self.lane,
      [clip, counts, tokens = read_tokens({info[0], "tokens"}, rows, clip->config().text.context_length),
       batch = batch_size({info[2], "options"})](const Job& job) {
        return clip->encode_classes(tokens, counts, batch, job.cancel, job.progress);
      },
      ToTensor());
}

// denseFeatures(image, options, task): Promise<Float32Tensor>
Napi::Value dense_features(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[2]), self.lane,
      [clip = self.alive(), image = read_image({info[0], "image"}), options = read_dense({info[1], "options"})](
          const Job& job) { return clip->dense_features(image, options, job.cancel); },
      ToTensor());
}

// densePixels(pixels, task): Promise<Float32Tensor>
Napi::Value dense_pixels(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  return run(
      info.Env(), read_task(info[1]), self.lane,
      [clip = self.alive(), pixels = read_tensor({info[0], "pixels"})](const Job&) {
        return clip->dense_pixels(pixels);
      },
      ToTensor());
}

// save(file, dtype, metadata, task): Promise<void>
Napi::Value save(const Napi::CallbackInfo& info) {
  const ClipWrap& self = Wrapped<ClipWrap>::receiver(info);
  const auto dtype = Argument(info[1], "dtype").one_of({"float32", "float16"}) == "float32" ? at::kFloat : at::kHalf;
  return run(
      info.Env(), read_task(info[3]), self.lane,
      [clip = self.alive(), file = Argument(info[0], "file").string(), dtype,
       metadata = read_metadata({info[2], "metadata"})](const Job&) { clip->save(file, dtype, metadata); },
      ToUndefined());
}

// dispose(): void
Napi::Value dispose(const Napi::CallbackInfo& info) {
  Wrapped<ClipWrap>::receiver(info).release(info.Env());
  return info.Env().Undefined();
}

}  // namespace

ClipWrap::ClipWrap(Napi::Env env, std::shared_ptr<Clip> model, const pipeline::ModelInfo& about, std::string on_lane)
    : info(about), lane(std::move(on_lane)), model_(std::move(model)) {
  Napi::MemoryManagement::AdjustExternalMemory(env, info.bytes);
}

std::shared_ptr<Clip> ClipWrap::alive() const {
  WM_CHECK(model_, code::kDisposed, "This Clip was disposed");
  return model_;
}

void ClipWrap::release(Napi::Env env) {
  if (!model_) return;
  model_.reset();
  Napi::MemoryManagement::AdjustExternalMemory(env, -info.bytes);
}

std::unique_ptr<ClipWrap> ClipWrap::construct(const Napi::CallbackInfo& info) {
  return Wrapped<ClipWrap>::handed_over(info, "Clip.load or Clip.random");
}

void ClipWrap::finalize(Napi::Env env, ClipWrap* clip) {
  clip->release(env);
  delete clip;
}

void ClipWrap::define(Napi::Env env, Napi::Object exports) {
  Wrapped<ClipWrap>::define(
      env, exports,
      {async<load>("load", kStatic), async<random>("random", kStatic), sync<about>("info"),
       async<preprocess>("preprocess"), async<encode_image>("encodeImage"), async<encode_pixels>("encodePixels"),
       async<encode_text>("encodeText"), async<encode_classes>("encodeClasses"), async<dense_features>("denseFeatures"),
       async<dense_pixels>("densePixels"), async<save>("save"), sync<dispose>("dispose")});
}

}  // namespace wordmask::bindings

#include "bindings/scene_pack_wrap.h"

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

using train::ScenePack;

constexpr int64_t kMostAtOnce = 1 << 20;

// static open(files, task): Promise<ScenePack>
Napi::Value open(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[1]), "files",
      [files = Argument(info[0], "files").strings()](const Job&) { return ScenePack::open(files); },
      [](Napi::Env env, const std::shared_ptr<std::shared_ptr<ScenePack>>& pack) -> Napi::Value {
        return Wrapped<ScenePackWrap>::make(env, std::make_unique<ScenePackWrap>(ScenePackWrap{*pack}));
      });
}

const ScenePack& pack(const Napi::CallbackInfo& info) { return *Wrapped<ScenePackWrap>::receiver(info).pack; }

Napi::Value names(const Napi::CallbackInfo& info) { return to_array(info.Env(), pack(info).names()); }
Napi::Value concepts(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), pack(info).concepts()); }
Napi::Value styles(const Napi::CallbackInfo& info) { return to_array(info.Env(), pack(info).styles()); }
Napi::Value context_length(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pack(info).context_length());
}
Napi::Value vocabulary(const Napi::CallbackInfo& info) {
  const std::vector<int64_t>& ids = pack(info).vocabulary();
  return to_array(info.Env(), std::vector<double>(ids.begin(), ids.end()));
}

train::SceneOptions read_options(const Argument& argument) {
  train::SceneOptions options;
  options.size = static_cast<int>(argument["size"].integer(48, 512));
  const std::string split = argument["split"].one_of({"train", "unseen", "heldout"});
  options.split = split == "train"    ? train::Split::kTrain
                  : split == "unseen" ? train::Split::kUnseen
                                      : train::Split::kHeldOut;
  options.seed = argument["seed"].integer(0, int64_t{1} << 53);
  return options;
}

Napi::Value scene_to_js(Napi::Env env, const std::shared_ptr<train::Scene>& scene) {
  auto bytes = [&](std::vector<uint8_t>& values) {
    const auto buffer = to_buffer(env, values.data(), values.size(), scene);
    return Napi::Uint8Array::New(env, values.size(), buffer, 0);
  };
  Napi::Object pixels = Napi::Object::New(env);
  pixels["data"] = bytes(scene->image.data);
  pixels["width"] = Napi::Number::New(env, scene->image.width);
  pixels["height"] = Napi::Number::New(env, scene->image.height);
  std::vector<std::string> captions;
  for (const train::Caption& caption : scene->captions) captions.push_back(caption.text);
  Napi::Object result = Napi::Object::New(env);
  result["pixels"] = pixels;
  result["labels"] = bytes(scene->labels);
  result["caption"] = captions.at(2);
  result["captions"] = to_array(env, captions);
  result["present"] = to_array(env, scene->present);
  return result;
}

// render(index, options, task): Promise<Scene>
Napi::Value render(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[2]), "files",
      [pack = Wrapped<ScenePackWrap>::receiver(info).pack,
       index = Argument(info[0], "index").integer(0, int64_t{1} << 53),
       options = read_options({info[1], "options"})](const Job&) { return pack->render(index, options); },
      scene_to_js);
}

// present(first, count, options, task): Promise<number[][]>
Napi::Value present(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[3]), "files",
      [pack = Wrapped<ScenePackWrap>::receiver(info).pack,
       first = Argument(info[0], "first").integer(0, int64_t{1} << 53),
       count = Argument(info[1], "count").integer(0, kMostAtOnce),
       options = read_options({info[2], "options"})](const Job& job) {
        std::vector<std::vector<int>> lists;
        for (int64_t i = 0; i < count; ++i) {
          job.cancel->check();
          lists.push_back(pack->present(first + i, options));
        }
        return lists;
      },
      [](Napi::Env env, const std::shared_ptr<std::vector<std::vector<int>>>& lists) -> Napi::Value {
        Napi::Array result = Napi::Array::New(env, lists->size());
        for (uint32_t i = 0; i < lists->size(); ++i) result[i] = to_array(env, (*lists)[i]);
        return result;
      });
}

}  // namespace

std::unique_ptr<ScenePackWrap> ScenePackWrap::construct(const Napi::CallbackInfo& info) {
  return Wrapped<ScenePackWrap>::handed_over(info, "ScenePack.open");
}

void ScenePackWrap::define(Napi::Env env, Napi::Object exports) {
  Wrapped<ScenePackWrap>::define(
      env, exports,
      {async<open>("open", kStatic), getter<names>("names"), getter<concepts>("concepts"), getter<styles>("styles"),
       getter<vocabulary>("vocabulary"), getter<context_length>("contextLength"), async<render>("render"),
       async<present>("present")});
}

}  // namespace wordmask::bindings

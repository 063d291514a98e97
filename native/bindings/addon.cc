// wordmask_core.node: the export table of binding.d.ts and what happens when an environment begins and ends.
#include <napi.h>

#include "base/executor.h"
#include "base/kept_memory.h"
#include "base/system.h"
#include "bindings/cancel_token.h"
#include "bindings/clip_wrap.h"
#include "bindings/deeplab_wrap.h"
#include "bindings/encoder_wrap.h"
#include "bindings/functions.h"
#include "bindings/scene_pack_wrap.h"
#include "bindings/vector_file_wrap.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

Napi::Value close_environment(const Napi::CallbackInfo& info) {
  InstanceData::of(info.Env()).close();
  return info.Env().Undefined();
}

// Three ways out, each of which misses one that another catches: the 'exit' event (process.exit and uncaught errors run
// no cleanup hooks), the cleanup hook (worker.terminate() emits no 'exit'), and the handler at process exit.
void close_at_end(Napi::Env env, InstanceData* data) {
  Napi::Object process = env.Global().Get("process").As<Napi::Object>();
  napi_value listener;
  napi_create_function(env, "wordmask", NAPI_AUTO_LENGTH, callback<close_environment, false>, nullptr, &listener);
  process.Get("once").As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), listener});
  env.AddCleanupHook([](InstanceData* data) { data->close(); }, data);
  Executor::stop_at_exit();
}

void add(Napi::Env env, Napi::Object exports, const std::vector<napi_property_descriptor>& functions) {
  if (napi_define_properties(env, exports, functions.size(), functions.data()) != napi_ok) throw Napi::Error::New(env);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  try {
    check_torch_version();
    keep_memory();
    auto* data = new InstanceData(env);
    env.SetInstanceData(data);
    close_at_end(env, data);
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, failure_of(std::current_exception()).message);
  }
  CancelTokenWrap::define(env, exports);
  ClipWrap::define(env, exports);
  EncoderWrap::define(env, exports);
  DeepLabWrap::define(env, exports);
  ScenePackWrap::define(env, exports);
  VectorFileWrap::define(env, exports);
  add(env, exports, system_functions());
  add(env, exports, checkpoint_functions());
  add(env, exports, segment_functions());
  add(env, exports, reco_functions());
  add(env, exports, refine_functions());
  add(env, exports, region_functions());
  add(env, exports, star_functions());
  add(env, exports, thumbnail_functions());
  add(env, exports, train_functions());
  add(env, exports, train_segmenter_functions());
  return exports;
}

}  // namespace
}  // namespace wordmask::bindings

static Napi::Object init(Napi::Env env, Napi::Object exports) { return wordmask::bindings::init(env, exports); }
NODE_API_MODULE(wordmask_core, init)

#include "base/system.h"

#include "base/cuda.h"
#include "base/device.h"
#include "base/executor.h"
#include "bindings/argument.h"
#include "bindings/cancel_token.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

Napi::Value system_info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SystemInfo system = wordmask::system_info();
  Napi::Object cuda = Napi::Object::New(env);
  Napi::Array devices = Napi::Array::New(env);
  for (uint32_t i = 0; i < system.cuda.devices.size(); ++i) devices[i] = system.cuda.devices[i];
  cuda["built"] = Napi::Boolean::New(env, system.cuda.built);
  cuda["available"] = Napi::Boolean::New(env, system.cuda.available);
  cuda["devices"] = devices;
  cuda["reason"] = system.cuda.reason;
  cuda["graphs"] = Napi::Boolean::New(env, system.cuda.graphs);
  Napi::Object result = Napi::Object::New(env);
  result["torch"] = system.torch;
  result["build"] = system.build;
  result["compiler"] = system.compiler;
  result["cpuCapability"] = system.cpu_capability;
  result["nativeBfloat16"] = Napi::Boolean::New(env, system.native_bfloat16);
  result["fastBfloat16"] = Napi::Boolean::New(env, system.fast_bfloat16);
  result["threads"] = Napi::Number::New(env, system.threads);
  result["cuda"] = cuda;
  return result;
}

Napi::Value set_threads(const Napi::CallbackInfo& info) {
  Executor::set_threads(static_cast<int>(Argument(info[0], "threads").integer(1, 1024)));
  return info.Env().Undefined();
}

Napi::Value check_device(const Napi::CallbackInfo& info) {
  parse_device(Argument(info[0], "device").string());
  return info.Env().Undefined();
}

Napi::Value set_cuda_reason(const Napi::CallbackInfo& info) {
  wordmask::set_cuda_reason(Argument(info[0], "reason").string());
  return info.Env().Undefined();
}

Napi::Value set_error_class(const Napi::CallbackInfo& info) {
  InstanceData::of(info.Env()).error_class = Napi::Persistent(Argument(info[0], "constructor").function());
  return info.Env().Undefined();
}

// returnFreeMemory(task): Promise<void>
Napi::Value return_free_memory(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[0]), "files", [](const Job&) { wordmask::return_free_memory(); }, ToUndefined{});
}

}  // namespace

std::vector<napi_property_descriptor> system_functions() {
  return {sync<system_info>("systemInfo", kExport),        sync<set_threads>("setThreads", kExport),
          sync<check_device>("checkDevice", kExport),      sync<set_error_class>("setErrorClass", kExport),
          sync<set_cuda_reason>("setCudaReason", kExport), async<return_free_memory>("returnFreeMemory", kExport)};
}

}  // namespace wordmask::bindings

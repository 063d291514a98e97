// wordmask.node: the only addon node-gyp-build can pick. It knows nothing of Torch, so it always loads; it opens
// LibTorch from wherever that was found and makes its symbols visible to core/wordmask_core.node, which carries no
// RPATH to it.
#include <dlfcn.h>
#include <napi.h>

#include <string>

#include "cuda_driver.h"

namespace {

// open(libraries: string[]): void
void open(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsArray()) throw Napi::TypeError::New(env, "Expected an array of absolute paths for libraries");
  Napi::Array libraries = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < libraries.Length(); ++i) {
    Napi::Value item = libraries[i];
    if (!item.IsString()) throw Napi::TypeError::New(env, "Expected a string for libraries[" + std::to_string(i) + "]");
    const std::string path = item.As<Napi::String>();
    if (path.empty() || path[0] != '/')
      throw Napi::TypeError::New(env, "Expected an absolute path but received " + path);
    // Never closed: LibTorch registers threads and exit handlers.
    if (!dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) throw Napi::Error::New(env, dlerror());
  }
}

// cudaDriver(): string
Napi::Value cuda_driver(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), wordmask::loader::cuda_driver());
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["open"] = Napi::Function::New(env, open, "open");
  exports["cudaDriver"] = Napi::Function::New(env, cuda_driver, "cudaDriver");
  exports["torch"] = WORDMASK_TORCH_VERSION;
  return exports;
}

}  // namespace

NODE_API_MODULE(wordmask, init)

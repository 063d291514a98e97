#pragma once
#include <napi.h>

#include <memory>

#include "bindings/instance_data.h"
#include "bindings/worker.h"

namespace wordmask::bindings {

// class CancelToken { constructor(); cancel(): void }
struct CancelTokenWrap {
  static constexpr char kName[] = "CancelToken";
  static constexpr napi_type_tag kTag = {0x5f0c3f1d7a6e4b21, 0x9d84c1e2b7a35f60};
  static std::unique_ptr<CancelTokenWrap> construct(const Napi::CallbackInfo& info);
  static void finalize(Napi::Env env, CancelTokenWrap* token) { delete token; }
  static void define(Napi::Env env, Napi::Object exports);

  std::shared_ptr<TokenState> state = std::make_shared<TokenState>();
};

// { cancel?: CancelToken, onProgress?: (done, total) => void }
Task read_task(Napi::Value value);

}  // namespace wordmask::bindings

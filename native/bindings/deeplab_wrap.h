#pragma once
#include <napi.h>

#include <memory>
#include <string>

#include "pipeline/deeplab.h"

namespace wordmask::bindings {

// class DeepLab of binding.d.ts; owned as Clip's handle is.
struct DeepLabWrap {
  static constexpr char kName[] = "DeepLab";
  static constexpr napi_type_tag kTag = {0x6d3c81fa29e04b77, 0xb2c95e10d7a8463f};
  static std::unique_ptr<DeepLabWrap> construct(const Napi::CallbackInfo& info);
  static void finalize(Napi::Env env, DeepLabWrap* wrap);
  static void define(Napi::Env env, Napi::Object exports);

  DeepLabWrap(Napi::Env env, std::shared_ptr<pipeline::DeepLab> model, const pipeline::ModelInfo& about,
              std::string on_lane);
  // The model, or ERR_WORDMASK_DISPOSED.
  std::shared_ptr<pipeline::DeepLab> alive() const;
  void release(Napi::Env env);

  pipeline::ModelInfo info;
  std::string lane;  // of its device

 private:
  std::shared_ptr<pipeline::DeepLab> model_;
};

}  // namespace wordmask::bindings

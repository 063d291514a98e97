#pragma once
#include <napi.h>

#include <memory>
#include <string>

#include "pipeline/encoder.h"

namespace wordmask::bindings {

// class Encoder of binding.d.ts; lives and dies as ClipWrap does.
struct EncoderWrap {
  static constexpr char kName[] = "Encoder";
  static constexpr napi_type_tag kTag = {0x6c02fd5e18b94a77, 0x9d31e7a4406bc85f};
  static std::unique_ptr<EncoderWrap> construct(const Napi::CallbackInfo& info);
  static void finalize(Napi::Env env, EncoderWrap* encoder);
  static void define(Napi::Env env, Napi::Object exports);

  EncoderWrap(Napi::Env env, std::shared_ptr<pipeline::Encoder> model, const pipeline::ModelInfo& about,
              std::string on_lane);
  // The model, or ERR_WORDMASK_DISPOSED.
  std::shared_ptr<pipeline::Encoder> alive() const;
  void release(Napi::Env env);

  pipeline::ModelInfo info;
  int64_t cell, channels;
  std::string lane;  // of its device

 private:
  std::shared_ptr<pipeline::Encoder> model_;
};

}  // namespace wordmask::bindings

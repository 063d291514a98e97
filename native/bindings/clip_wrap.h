#pragma once
#include <napi.h>

#include <memory>
#include <string>

#include "pipeline/clip.h"
#include "pipeline/dense_queue.h"
#include "pipeline/encode_queue.h"

namespace wordmask::bindings {

// class Clip of binding.d.ts. The handle holds one reference to the model, a running job another: dispose() drops the
// first, and the weights go when the last job ends.
struct ClipWrap {
  static constexpr char kName[] = "Clip";
  static constexpr napi_type_tag kTag = {0x1e7b90a4c25d4f38, 0xa3f6d80b17c94e52};
  static std::unique_ptr<ClipWrap> construct(const Napi::CallbackInfo& info);
  static void finalize(Napi::Env env, ClipWrap* clip);
  static void define(Napi::Env env, Napi::Object exports);

  ClipWrap(Napi::Env env, std::shared_ptr<pipeline::Clip> model, const pipeline::ModelInfo& about, std::string on_lane);
  // The model, or ERR_WORDMASK_DISPOSED.
  std::shared_ptr<pipeline::Clip> alive() const;
  void release(Napi::Env env);

  pipeline::ModelInfo info;
  std::string lane;  // of its device
  // Pictures of segment() calls, on their way to the same tower.
  const std::shared_ptr<pipeline::DenseQueue> pictures = std::make_shared<pipeline::DenseQueue>();
  // Calls of encodeImage() and encodeText(), on their way to their towers.
  const std::shared_ptr<pipeline::EncodeQueue> encodings = std::make_shared<pipeline::EncodeQueue>();

 private:
  std::shared_ptr<pipeline::Clip> model_;
};

}  // namespace wordmask::bindings

#pragma once
#include <napi.h>

#include <memory>

#include "train/scenes/scene_pack.h"

namespace wordmask::bindings {

// class ScenePack of binding.d.ts; read only, so it needs no dispose().
struct ScenePackWrap {
  static constexpr char kName[] = "ScenePack";
  static constexpr napi_type_tag kTag = {0xc94a27e1f0b84d6e, 0x8b15e7d3a2064cf9};
  static std::unique_ptr<ScenePackWrap> construct(const Napi::CallbackInfo& info);
  static void finalize(Napi::Env env, ScenePackWrap* wrap) { delete wrap; }
  static void define(Napi::Env env, Napi::Object exports);

  std::shared_ptr<train::ScenePack> pack;
};

}  // namespace wordmask::bindings

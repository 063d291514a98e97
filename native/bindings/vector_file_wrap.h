#pragma once
#include <napi.h>

#include <memory>

#include "pipeline/mapped_vectors.h"

namespace wordmask::bindings {

// class VectorFile of binding.d.ts. The handle holds one reference to the mapping, a running job another: dispose()
// drops the first, and the file is unmapped when the last job ends.
struct VectorFileWrap {
  static constexpr char kName[] = "VectorFile";
  static constexpr napi_type_tag kTag = {0x3d5b8e0f61c74a92, 0xb7e20c94af1d8563};
  static std::unique_ptr<VectorFileWrap> construct(const Napi::CallbackInfo& info);
  static void finalize(Napi::Env env, VectorFileWrap* wrap) { delete wrap; }
  static void define(Napi::Env env, Napi::Object exports);

  // The rows, or ERR_WORDMASK_DISPOSED.
  pipeline::MappedVectorsPtr alive() const;

  pipeline::MappedVectorsPtr vectors;
};

}  // namespace wordmask::bindings

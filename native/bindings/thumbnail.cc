#include "pipeline/thumbnail.h"

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

// greyThumbnail(image, side, task): Promise<Uint8Array>
Napi::Value grey_thumbnail(const Napi::CallbackInfo& info) {
  const auto side = static_cast<int>(Argument(info[1], "side").integer(1, 1024));
  return run(
      info.Env(), read_task(info[2]), "files",
      [image = read_image({info[0], "image"}), side](const Job&) { return pipeline::grey_thumbnail(image, side); },
      [](Napi::Env env, const std::shared_ptr<std::vector<uint8_t>>& grey) {
        Napi::Uint8Array array = Napi::Uint8Array::New(env, grey->size());
        std::copy(grey->begin(), grey->end(), array.Data());
        return array;
      });
}

}  // namespace

std::vector<napi_property_descriptor> thumbnail_functions() {
  return {async<grey_thumbnail>("greyThumbnail", kExport)};
}

}  // namespace wordmask::bindings

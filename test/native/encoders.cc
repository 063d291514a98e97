#include "bindings/convert.h"
#include "models/encoder.h"
#include "models/load.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

// encoderState(config) -> [{ key, shape, sources }], as moduleState of an encoder. Works for any size.
Napi::Value encoder_state(const Napi::CallbackInfo& info) {
  const auto config = bindings::read_encoder_config({info[0], "config"});
  const auto encoder = models::make_encoder(config);
  const auto keys = models::encoder_keys(config);
  auto result = Napi::Array::New(info.Env());
  for (const auto& [key, tensor] : models::named_state(*encoder)) {
    auto entry = Napi::Object::New(info.Env());
    entry["key"] = Napi::String::New(info.Env(), key);
    auto shape = Napi::Array::New(info.Env());
    for (const auto size : tensor.sizes())
      shape[shape.Length()] = Napi::Number::New(info.Env(), static_cast<double>(size));
    entry["shape"] = shape;
    auto sources = Napi::Array::New(info.Env());
    for (const auto& source : keys.source(key).keys) sources[sources.Length()] = Napi::String::New(info.Env(), source);
    entry["sources"] = sources;
    result[result.Length()] = entry;
  }
  return result;
}

// encoderIgnores(config, key): whether a file may hold that key although the tower has none like it.
Napi::Value encoder_ignores(const Napi::CallbackInfo& info) {
  const auto keys = models::encoder_keys(bindings::read_encoder_config({info[0], "config"}));
  return Napi::Boolean::New(info.Env(), keys.ignorable(Argument(info[1], "key").string()));
}

}  // namespace

void define_encoders(Napi::Env, Napi::Object exports) {
  define<encoder_state>(exports, "encoderState");
  define<encoder_ignores>(exports, "encoderIgnores");
}

}  // namespace wordmask::testing

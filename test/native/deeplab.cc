#include "deeplab.h"

#include <ATen/ATen.h>

#include <cmath>

#include "bindings/deeplab_config.h"
#include "formula_weights.h"
#include "models/load.h"
#include "models/packed_weight.h"
#include "tensor_js.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

// deepLabState(config) -> { parameters, entries: [{ key, shape }] }: what a file of the network holds.
Napi::Value deep_lab_state(const Napi::CallbackInfo& info) {
  const models::DeepLabV3PlusImpl model(bindings::read_deeplab_config({info[0], "config"}));
  auto entries = Napi::Array::New(info.Env());
  for (const auto& [key, tensor] : models::checkpoint_state(model, 0)) {
    auto shape = Napi::Array::New(info.Env());
    for (const auto size : tensor.sizes())
      shape[shape.Length()] = Napi::Number::New(info.Env(), static_cast<double>(size));
    auto entry = Napi::Object::New(info.Env());
    entry["key"] = Napi::String::New(info.Env(), key);
    entry["shape"] = shape;
    entries[entries.Length()] = entry;
  }
  double parameters = 0;
  for (const auto& parameter : model.parameters()) parameters += static_cast<double>(parameter.numel());
  auto result = Napi::Object::New(info.Env());
  result["parameters"] = parameters;
  result["entries"] = entries;
  return result;
}

// deepLabForward(config, pixels [b, 3, h, w]) on formula weights -> logits of training, of the plain and of the packed
// network; whether the weights came back bit for bit
Napi::Value deep_lab_forward(const Napi::CallbackInfo& info) {
  models::DeepLabV3PlusImpl model(bindings::read_deeplab_config({info[0], "config"}));
  const auto pixels = read_tensor({info[1], "pixels"});
  formula_weights(model);
  auto result = Napi::Object::New(info.Env());
  result["trained"] = to_js(info.Env(), calibrate(model, pixels));
  std::vector<at::Tensor> before;
  for (const auto& [key, tensor] : models::named_state(model)) before.push_back(tensor.clone());
  {
    at::NoGradGuard no_grad;
    result["plain"] = to_js(info.Env(), model.forward(pixels));
  }
  {
    c10::InferenceMode guard;
    result["packed"] = to_js(info.Env(), model.forward(pixels));
  }
  bool same = true;
  size_t i = 0;
  for (const auto& [key, tensor] : models::named_state(model)) same = same && at::equal(tensor, before[i++]);
  result["same"] = same;
  models::convert(model, {at::kCPU, at::kBFloat16, models::norm_keys(model)});
  {
    c10::InferenceMode guard;
    result["bfloat16"] = to_js(info.Env(), model.forward(pixels));
  }
  return result;
}

}  // namespace

void define_deeplab(Napi::Env, Napi::Object exports) {
  define<deep_lab_state>(exports, "deepLabState");
  define<deep_lab_forward>(exports, "deepLabForward");
}

}  // namespace wordmask::testing

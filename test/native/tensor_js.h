#pragma once
#include <ATen/ATen.h>
#include <napi.h>

namespace wordmask::testing {

// Any tensor as { data: Float32Array, shape }.
inline Napi::Object to_js(Napi::Env env, const at::Tensor& given) {
  const auto tensor = given.detach().to(at::kFloat).contiguous();
  auto data = Napi::Float32Array::New(env, tensor.numel());
  std::copy_n(tensor.const_data_ptr<float>(), tensor.numel(), data.Data());
  auto shape = Napi::Array::New(env);
  for (const auto size : tensor.sizes()) shape[shape.Length()] = Napi::Number::New(env, static_cast<double>(size));
  auto result = Napi::Object::New(env);
  result["data"] = data;
  result["shape"] = shape;
  return result;
}

}  // namespace wordmask::testing

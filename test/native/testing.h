// wordmask_testing.node: kernels beside their references, module states and gradients, for vitest alone.
#pragma once
#include <ATen/core/Tensor.h>
#include <napi.h>

#include <vector>

#include "base/error.h"
#include "bindings/argument.h"

namespace wordmask::testing {

using bindings::Argument;

void define_kernels(Napi::Env env, Napi::Object exports);
void define_max_affinity(Napi::Env env, Napi::Object exports);
void define_topk_similarity(Napi::Env env, Napi::Object exports);
void define_resize(Napi::Env env, Napi::Object exports);
void define_mask_pool(Napi::Env env, Napi::Object exports);
void define_refine(Napi::Env env, Napi::Object exports);
void define_confusion(Napi::Env env, Napi::Object exports);
void define_stars(Napi::Env env, Napi::Object exports);
void define_vectors(Napi::Env env, Napi::Object exports);
void define_executor(Napi::Env env, Napi::Object exports);
void define_kept_memory(Napi::Env env, Napi::Object exports);
void define_models(Napi::Env env, Napi::Object exports);
void define_encoders(Napi::Env env, Napi::Object exports);
void define_multiply_adds(Napi::Env env, Napi::Object exports);
void define_packed(Napi::Env env, Napi::Object exports);
void define_reco(Napi::Env env, Napi::Object exports);
void define_reco_net(Napi::Env env, Napi::Object exports);
void define_train(Napi::Env env, Napi::Object exports);

// { data: Float32Array, shape } -> a float32 tensor of its own.
at::Tensor read_tensor(const Argument& argument);

// A tensor's values as a Float64Array.
Napi::Float64Array doubles(Napi::Env env, const at::Tensor& tensor);
Napi::Float64Array doubles(Napi::Env env, const std::vector<double>& values);
// { data, shape } of a tensor as numbers in float64.
std::vector<double> numbers(const at::Tensor& tensor);

// A function whose wordmask::Error becomes an Error with `code`.
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return function(info);
  } catch (const Error& error) {
    auto thrown = Napi::Error::New(info.Env(), error.what());
    thrown.Set("code", Napi::String::New(info.Env(), error.code()));
    throw thrown;
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void define(Napi::Object exports, const char* name) {
  exports[name] = Napi::Function::New(exports.Env(), guarded<function>, name);
}

}  // namespace wordmask::testing

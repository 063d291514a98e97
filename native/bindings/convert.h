#pragma once
#include <ATen/core/Tensor.h>
#include <napi.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/image.h"
#include "bindings/argument.h"
#include "models/encoder_config.h"
#include "pipeline/clip.h"

namespace wordmask::bindings {

// JavaScript -> plain structs. Typed arrays are copied: the caller may write to them or transfer them at once.
ImageU8 read_image(const Argument& argument);
at::Tensor read_tensor(const Argument& argument);                                 // Float32Tensor
at::Tensor read_bytes(const Argument& argument);                                  // Uint8Array, one dimension
at::Tensor read_doubles(const Argument& argument);                                // Float64Array, one dimension
at::Tensor read_hashes(const Argument& argument);                                 // BigUint64Array, as int64
at::Tensor read_tokens(const Argument& argument, int64_t rows, int64_t columns);  // Int32Array
std::map<std::string, std::string> read_metadata(const Argument& argument);
pipeline::ResizeOptions read_resize(const Argument& argument);
pipeline::DenseOptions read_dense(const Argument& argument);
pipeline::Compute read_compute(const Argument& argument);
models::ClipConfig read_clip_config(const Argument& argument);        // clip_config.cc
models::EncoderConfig read_encoder_config(const Argument& argument);  // encoder_config.cc

// A label map as it came, 1 or 2 bytes a pixel; widened on the thread that uses it.
struct RawLabels {
  bool wide = false;
  std::vector<uint8_t> bytes;
  std::vector<uint16_t> widened() const;
};
RawLabels read_labels(const Argument& argument);

// Plain structs -> JavaScript. Memory is handed over without a copy where the engine allows it; `owner` keeps it alive.
Napi::ArrayBuffer to_buffer(Napi::Env env, void* data, size_t bytes, std::shared_ptr<void> owner);
Napi::Object to_js(Napi::Env env, const at::Tensor& tensor);  // float32, contiguous, on the CPU -> Float32Tensor
Napi::Object to_js(Napi::Env env, const pipeline::ModelInfo& info);
// All values of a contiguous tensor on the CPU, of the Array's type.
template <class Array>
Array to_values(Napi::Env env, const at::Tensor& tensor) {
  const size_t count = tensor.numel();
  const auto buffer = to_buffer(env, tensor.mutable_data_ptr(), tensor.nbytes(), std::make_shared<at::Tensor>(tensor));
  return Array::New(env, count, buffer, 0);
}
template <class T>
Napi::Array to_array(Napi::Env env, const std::vector<T>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) array[i] = Napi::Value::From(env, values[i]);
  return array;
}

// to_js for run(): the result is a tensor.
struct ToTensor {
  Napi::Value operator()(Napi::Env env, const std::shared_ptr<at::Tensor>& tensor) const { return to_js(env, *tensor); }
};

}  // namespace wordmask::bindings

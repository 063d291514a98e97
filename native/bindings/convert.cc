#include "bindings/convert.h"

#include <cstring>

#include "base/error.h"
#include "base/host_tensor.h"

namespace wordmask::bindings {
namespace {

constexpr int kMaxSide = 1 << 20;
constexpr int64_t kMaxLength = int64_t{1} << 40;

template <class T, class Array>
std::shared_ptr<std::vector<T>> copied(const Array& array) {
  const auto* begin = array.Data();
  return std::make_shared<std::vector<T>>(begin, begin + array.ElementLength());
}

std::array<double, 3> read_triple(const Argument& argument) {
  if (argument.length() != 3) argument.wrong("an array of 3 numbers");
  std::array<double, 3> values;
  for (uint32_t i = 0; i < 3; ++i) values[i] = argument.at(i).number(-1e6, 1e6);
  return values;
}

void check_length(const Argument& argument, size_t expected, size_t length) {
  WM_CHECK(length == expected, code::kInvalidArgument, "Expected ", expected, " elements for ", argument.name(),
           " but received ", length);
}

}  // namespace

ImageU8 read_image(const Argument& argument) {
  ImageU8 image;
  image.width = static_cast<int>(argument["width"].integer(1, kMaxSide));
  image.height = static_cast<int>(argument["height"].integer(1, kMaxSide));
  const Argument data = argument["data"];
  const Napi::Uint8Array bytes = data.bytes();
  check_length(data, size_t{3} * image.width * image.height, bytes.ElementLength());
  image.data.assign(bytes.Data(), bytes.Data() + bytes.ElementLength());
  return image;
}

at::Tensor read_tensor(const Argument& argument) {
  const Argument dimensions = argument["shape"];
  std::vector<int64_t> shape;
  size_t expected = 1;
  for (uint32_t i = 0, n = dimensions.length(); i < n; ++i) {
    shape.push_back(dimensions.at(i).integer(0, kMaxLength));
    expected *= shape.back();
  }
  const Argument data = argument["data"];
  const Napi::Float32Array values = data.floats();
  check_length(data, expected, values.ElementLength());
  return host_tensor(copied<float>(values), shape);
}

at::Tensor read_bytes(const Argument& argument) {
  const auto values = copied<uint8_t>(argument.bytes());
  return host_tensor(values, {static_cast<int64_t>(values->size())});
}

at::Tensor read_doubles(const Argument& argument) {
  const auto values = copied<double>(argument.doubles());
  return host_tensor(values, {static_cast<int64_t>(values->size())});
}

at::Tensor read_hashes(const Argument& argument) {
  const auto array = argument.typed<Napi::BigUint64Array>(napi_biguint64_array, "a BigUint64Array");
  const auto values = copied<int64_t>(array);
  return host_tensor(values, {static_cast<int64_t>(values->size())});
}

at::Tensor read_tokens(const Argument& argument, int64_t rows, int64_t columns) {
  const Napi::Int32Array values = argument.int32s();
  check_length(argument, static_cast<size_t>(rows * columns), values.ElementLength());
  return host_tensor(copied<int32_t>(values), {rows, columns});
}

std::map<std::string, std::string> read_metadata(const Argument& argument) {
  std::map<std::string, std::string> metadata;
  const Napi::Object object = argument.object();
  const Napi::Array names = object.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).ToString();
    metadata[name] = argument[name.c_str()].string();
  }
  return metadata;
}

pipeline::ResizeOptions read_resize(const Argument& argument) {
  pipeline::ResizeOptions options;
  options.mean = read_triple(argument["mean"]);
  options.std = read_triple(argument["std"]);
  for (double value : options.std) {
    if (value == 0) argument["std"].wrong("three numbers other than 0");
  }
  options.bicubic = argument["interpolation"].one_of({"bicubic", "bilinear"}) == "bicubic";
  return options;
}

pipeline::DenseOptions read_dense(const Argument& argument) {
  pipeline::DenseOptions options;
  static_cast<pipeline::ResizeOptions&>(options) = read_resize(argument);
  options.width = static_cast<int>(argument["width"].integer(1, kMaxSide));
  options.height = static_cast<int>(argument["height"].integer(1, kMaxSide));
  if (const Argument slide = argument["slide"]; slide.given()) {
    options.crop = static_cast<int>(slide["crop"].integer(1, kMaxSide));
    options.stride = static_cast<int>(slide["stride"].integer(1, kMaxSide));
  }
  if (const Argument normalize = argument["normalize"]; normalize.given()) options.normalize = normalize.boolean();
  return options;
}

pipeline::Compute read_compute(const Argument& argument) {
  return {argument["device"].string(), argument["dtype"].one_of({"float32", "bfloat16", "float16", "auto"})};
}

RawLabels read_labels(const Argument& argument) {
  if (!argument.value().IsTypedArray()) argument.wrong("a Uint8Array or Uint16Array");
  const Napi::TypedArray array = argument.value().As<Napi::TypedArray>();
  const napi_typedarray_type type = array.TypedArrayType();
  if (type != napi_uint8_array && type != napi_uint16_array) argument.wrong("a Uint8Array or Uint16Array");
  // Not through its ArrayBuffer, which shared memory has none of.
  const auto* begin = type == napi_uint8_array ? array.As<Napi::Uint8Array>().Data()
                                               : reinterpret_cast<const uint8_t*>(array.As<Napi::Uint16Array>().Data());
  return {type == napi_uint16_array, {begin, begin + array.ByteLength()}};
}

std::vector<uint16_t> RawLabels::widened() const {
  if (!wide) return {bytes.begin(), bytes.end()};
  std::vector<uint16_t> values(bytes.size() / sizeof(uint16_t));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Napi::ArrayBuffer to_buffer(Napi::Env env, void* data, size_t bytes, std::shared_ptr<void> owner) {
  if (bytes > 0) {
    auto* held = new std::shared_ptr<void>(std::move(owner));
    const auto release = [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<void>*>(hint); };
    napi_value buffer;
    if (napi_create_external_arraybuffer(env, data, bytes, release, held, &buffer) == napi_ok) return {env, buffer};
    delete held;  // this engine refuses memory of others
  }
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes);
  if (bytes > 0) std::memcpy(buffer.Data(), data, bytes);
  return buffer;
}

Napi::Object to_js(Napi::Env env, const at::Tensor& tensor) {
  WM_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.is_cpu(), code::kInternal,
           "a result is not a contiguous float32 tensor on the CPU");
  const size_t count = tensor.numel();
  auto owner = std::make_shared<at::Tensor>(tensor);
  const Napi::ArrayBuffer buffer = to_buffer(env, tensor.mutable_data_ptr(), count * sizeof(float), owner);
  Napi::Object result = Napi::Object::New(env);
  result["data"] = Napi::Float32Array::New(env, count, buffer, 0);
  result["shape"] = to_array(env, std::vector<double>(tensor.sizes().begin(), tensor.sizes().end()));
  return result;
}

Napi::Object to_js(Napi::Env env, const pipeline::ModelInfo& info) {
  Napi::Object result = Napi::Object::New(env);
  result["parameters"] = Napi::Number::New(env, static_cast<double>(info.parameters));
  result["device"] = info.device;
  result["dtype"] = info.dtype;
  result["bytes"] = Napi::Number::New(env, static_cast<double>(info.bytes));
  return result;
}

}  // namespace wordmask::bindings

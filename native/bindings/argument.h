#pragma once
#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wordmask::bindings {

// A JavaScript value and the name it has in the call, so that whatever is wrong with it can be said in one wording:
// Expected a number for options.width but received "9".
class Argument {
 public:
  Argument(Napi::Value value, std::string name) : value_(value), name_(std::move(name)) {}

  Argument operator[](const char* key) const;  // a field of an object
  Argument at(uint32_t index) const;           // an element of an array
  bool given() const;                          // neither undefined nor null
  Napi::Value value() const { return value_; }
  const std::string& name() const { return name_; }

  uint32_t length() const;  // of an array
  double number(double low, double high) const;
  int64_t integer(int64_t low, int64_t high) const;
  bool boolean() const;
  std::string string() const;
  std::vector<std::string> strings() const;
  std::string one_of(const std::vector<std::string>& words) const;
  Napi::Object object() const;
  Napi::Function function() const;
  template <class Array>
  Array typed(napi_typedarray_type type, const char* expected) const {
    if (!value_.IsTypedArray() || value_.As<Napi::TypedArray>().TypedArrayType() != type) wrong(expected);
    return value_.As<Array>();
  }
  Napi::Uint8Array bytes() const { return typed<Napi::Uint8Array>(napi_uint8_array, "a Uint8Array"); }
  Napi::Float32Array floats() const { return typed<Napi::Float32Array>(napi_float32_array, "a Float32Array"); }
  Napi::Float64Array doubles() const { return typed<Napi::Float64Array>(napi_float64_array, "a Float64Array"); }
  Napi::Int32Array int32s() const { return typed<Napi::Int32Array>(napi_int32_array, "an Int32Array"); }

  [[noreturn]] void wrong(const std::string& expected) const;

 private:
  Napi::Value value_;
  std::string name_;
};

}  // namespace wordmask::bindings

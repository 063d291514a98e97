#include "bindings/argument.h"

#include <cmath>

#include "base/error.h"

namespace wordmask::bindings {
namespace {

std::string describe(Napi::Value value) {
  if (value.IsString()) {
    const std::string text = value.As<Napi::String>();
    return '"' + (text.size() > 60 ? text.substr(0, 57) + "..." : text) + '"';
  }
  if (value.IsArray()) return "an array of " + std::to_string(value.As<Napi::Array>().Length());
  if (value.IsFunction()) return "a function";
  if (value.IsObject()) {
    const Napi::Value constructor = value.As<Napi::Object>().Get("constructor");
    if (!constructor.IsFunction()) return "an object";
    const std::string name = constructor.As<Napi::Object>().Get("name").ToString();
    return "a " + (name.empty() ? "object" : name);
  }
  if (value.IsSymbol()) return "a symbol";
  return value.ToString();
}

std::string between(const char* kind, double low, double high) {
  std::ostringstream text;
  text << kind << " between " << low << " and " << high;
  return text.str();
}

}  // namespace

void Argument::wrong(const std::string& expected) const {
  fail(code::kInvalidArgument, "Expected ", expected, " for ", name_, " but received ", describe(value_));
}

bool Argument::given() const { return !value_.IsUndefined() && !value_.IsNull(); }

Argument Argument::operator[](const char* key) const { return {object().Get(key), name_ + "." + key}; }

Argument Argument::at(uint32_t index) const {
  return {value_.As<Napi::Array>().Get(index), name_ + "[" + std::to_string(index) + "]"};
}

uint32_t Argument::length() const {
  if (!value_.IsArray()) wrong("an array");
  return value_.As<Napi::Array>().Length();
}

double Argument::number(double low, double high) const {
  if (!value_.IsNumber()) wrong(between("a number", low, high));
  const double number = value_.As<Napi::Number>().DoubleValue();
  if (!(number >= low && number <= high)) wrong(between("a number", low, high));
  return number;
}

int64_t Argument::integer(int64_t low, int64_t high) const {
  const std::string expected = "an integer between " + std::to_string(low) + " and " + std::to_string(high);
  if (!value_.IsNumber()) wrong(expected);
  const double number = value_.As<Napi::Number>().DoubleValue();
  if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)) || number != std::floor(number))
    wrong(expected);
  return static_cast<int64_t>(number);
}

bool Argument::boolean() const {
  if (!value_.IsBoolean()) wrong("true or false");
  return value_.As<Napi::Boolean>();
}

std::string Argument::string() const {
  if (!value_.IsString()) wrong("a string");
  return value_.As<Napi::String>();
}

std::vector<std::string> Argument::strings() const {
  std::vector<std::string> result;
  for (uint32_t i = 0, n = length(); i < n; ++i) result.push_back(at(i).string());
  return result;
}

std::string Argument::one_of(const std::vector<std::string>& words) const {
  std::string expected;
  for (const std::string& word : words) expected += (expected.empty() ? "'" : " or '") + word + "'";
  if (!value_.IsString()) wrong(expected);
  const std::string text = value_.As<Napi::String>();
  for (const std::string& word : words) {
    if (text == word) return text;
  }
  wrong(expected);
}

Napi::Object Argument::object() const {
  if (!value_.IsObject()) wrong("an object");
  return value_.As<Napi::Object>();
}

Napi::Function Argument::function() const {
  if (!value_.IsFunction()) wrong("a function");
  return value_.As<Napi::Function>();
}

}  // namespace wordmask::bindings

#pragma once
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "bindings/errors.h"
#include "bindings/instance_data.h"

namespace wordmask::bindings {

using Function = Napi::Value (*)(const Napi::CallbackInfo&);

// Calls `function`; what it throws is thrown in JavaScript, or rejects when the function answers with a promise.
template <Function function, bool rejects>
napi_value callback(napi_env env, napi_callback_info raw) {
  Napi::Value error;
  try {
    const Napi::CallbackInfo info(env, raw);
    return function(info);
  } catch (const Napi::Error& e) {
    error = e.Value();
  } catch (...) {
    const Napi::Object origin = Napi::Error::New(env).Value();
    error = to_js(env, failure_of(std::current_exception()), origin);
  }
  if constexpr (rejects) {
    auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error);
    return deferred.Promise();
  } else {
    napi_throw(env, error);
    return nullptr;
  }
}

template <Function function>
napi_property_descriptor sync(const char* name, napi_property_attributes attributes = napi_default_method) {
  return {name, nullptr, callback<function, false>, nullptr, nullptr, nullptr, attributes, nullptr};
}
template <Function function>
napi_property_descriptor async(const char* name, napi_property_attributes attributes = napi_default_method) {
  return {name, nullptr, callback<function, true>, nullptr, nullptr, nullptr, attributes, nullptr};
}
template <Function function>
napi_property_descriptor getter(const char* name) {
  return {name, nullptr, nullptr, callback<function, false>, nullptr, nullptr, napi_enumerable, nullptr};
}
constexpr auto kExport = napi_default_jsproperty;
constexpr auto kStatic = static_cast<napi_property_attributes>(napi_default_method | napi_static);

// A JavaScript class over a native T. T has kName, kTag (random, so that no foreign object is ever unwrapped) and
// `static std::unique_ptr<T> construct(info)`, what `new` does.
template <class T>
class Wrapped {
 public:
  static void define(Napi::Env env, Napi::Object exports, const std::vector<napi_property_descriptor>& properties) {
    napi_value constructor;
    const napi_status status = napi_define_class(env, T::kName, NAPI_AUTO_LENGTH, callback<construct, false>, nullptr,
                                                 properties.size(), properties.data(), &constructor);
    if (status != napi_ok) throw Napi::Error::New(env);
    const Napi::Function function(env, constructor);
    InstanceData::of(env).classes[T::kName] = Napi::Persistent(function);
    exports[T::kName] = function;
  }

  static Napi::Object make(Napi::Env env, std::unique_ptr<T> value) {
    InstanceData& data = InstanceData::of(env);
    data.incoming = std::make_shared<std::unique_ptr<T>>(std::move(value));
    return data.classes[T::kName].New({});
  }

  static T& of(Napi::Value value, const char* name) {
    void* native = nullptr;
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&T::kTag) ||
        napi_unwrap(value.Env(), value, &native) != napi_ok) {
      fail(code::kInvalidArgument, "Expected a ", T::kName, " for ", name);
    }
    return *static_cast<T*>(native);
  }
  static T& receiver(const Napi::CallbackInfo& info) { return of(info.This(), "this"); }

  // For construct() of classes that only native code makes.
  static std::unique_ptr<T> handed_over(const Napi::CallbackInfo& info, const char* instead) {
    auto value =
        std::static_pointer_cast<std::unique_ptr<T>>(std::exchange(InstanceData::of(info.Env()).incoming, nullptr));
    WM_CHECK(value, code::kInvalidArgument, T::kName, " has no public constructor: use ", instead);
    return std::move(*value);
  }

 private:
  static Napi::Value construct(const Napi::CallbackInfo& info) {
    WM_CHECK(info.IsConstructCall(), code::kInvalidArgument, T::kName, " is a class: call it with new");
    std::unique_ptr<T> native = T::construct(info);
    const Napi::Object self = info.This().As<Napi::Object>();
    self.TypeTag(&T::kTag);
    const auto finalize = [](napi_env env, void* value, void*) { T::finalize(env, static_cast<T*>(value)); };
    if (napi_wrap(info.Env(), self, native.get(), finalize, nullptr, nullptr) != napi_ok)
      throw Napi::Error::New(info.Env());
    native.release();
    return self;
  }
};

}  // namespace wordmask::bindings

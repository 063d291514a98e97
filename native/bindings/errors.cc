#include "bindings/errors.h"

#include <c10/util/Exception.h>

#include <new>

#include "base/error.h"
#include "bindings/instance_data.h"

namespace wordmask::bindings {

Failure failure_of(std::exception_ptr error) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const Error& e) {
    return {e.code(), e.what()};
  } catch (const c10::OutOfMemoryError& e) {
    return {code::kMemory, e.what_without_backtrace()};
  } catch (const c10::Error& e) {
    const std::string message = e.what_without_backtrace();
    const bool memory = message.find("can't allocate memory") != std::string::npos;
    return {memory ? code::kMemory : code::kInternal, message};
  } catch (const std::bad_alloc&) {
    return {code::kMemory, "Out of memory"};
  } catch (const std::exception& e) {
    return {code::kInternal, e.what()};
  } catch (...) {
    return {code::kInternal, "An exception of unknown type was thrown"};
  }
}

Failure aborted() { return {code::kAborted, "The operation was aborted"}; }

Napi::Value to_js(Napi::Env env, const Failure& failure, Napi::Value origin) {
  const Napi::FunctionReference& error_class = InstanceData::of(env).error_class;
  Napi::Object error;
  if (!error_class.IsEmpty()) {
    error = error_class.New({Napi::String::New(env, failure.code), Napi::String::New(env, failure.message)});
  } else {
    error = Napi::Error::New(env, failure.message).Value();
    error["code"] = failure.code;
  }
  if (!origin.IsEmpty() && origin.IsObject()) {
    const std::string stack = origin.As<Napi::Object>().Get("stack").ToString();
    const std::string name = error.Get("name").ToString();
    const size_t frames = stack.find("\n    at ");
    error["stack"] = name + ": " + failure.message + (frames == std::string::npos ? "" : stack.substr(frames));
  }
  return error;
}

}  // namespace wordmask::bindings

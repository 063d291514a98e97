#include "bindings/instance_data.h"

namespace wordmask::bindings {

Channel::Channel(Napi::Env env) {
  const auto name = Napi::String::New(env, "wordmask");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                                             nullptr, &Channel::deliver, &function_);
  if (status != napi_ok) throw Napi::Error::New(env, "napi_create_threadsafe_function failed");
  napi_unref_threadsafe_function(env, function_);
}

void Channel::post(Message message) {
  auto owned = std::make_unique<Message>(std::move(message));
  std::lock_guard lock(mutex_);
  if (!function_) return;
  if (napi_call_threadsafe_function(function_, owned.get(), napi_tsfn_nonblocking) == napi_ok) owned.release();
}

void Channel::close() {
  std::lock_guard lock(mutex_);
  function_ = nullptr;  // Node frees it with the environment
}

void Channel::keep_alive(Napi::Env env, bool alive) {
  std::lock_guard lock(mutex_);
  if (!function_) return;
  if (alive) {
    napi_ref_threadsafe_function(env, function_);
  } else {
    napi_unref_threadsafe_function(env, function_);
  }
}

void Channel::deliver(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Message> message(static_cast<Message*>(data));
  if (!env) return;  // the environment is going away
  try {
    (*message)(env);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::exception& error) {
    Napi::Error::New(env, error.what()).ThrowAsJavaScriptException();
  }
}

}  // namespace wordmask::bindings

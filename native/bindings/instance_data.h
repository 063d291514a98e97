#pragma once
#include <napi.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/cancel.h"
#include "base/executor.h"
#include "bindings/errors.h"

namespace wordmask::bindings {

// The way from any thread to the JavaScript thread of one environment. Messages arrive in order; after close() they are
// dropped on the thread that posts them, so a job may outlive its environment.
class Channel {
 public:
  using Message = std::function<void(Napi::Env)>;
  explicit Channel(Napi::Env env);
  void post(Message message);
  void close();
  // JavaScript thread: whether a pending message keeps the event loop alive.
  void keep_alive(Napi::Env env, bool alive);

 private:
  static void deliver(napi_env env, napi_value, void*, void* message);
  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
};

// What a CancelToken and the jobs under it share; JavaScript thread only.
struct TokenState {
  bool cancelled = false;
  std::set<uint64_t> jobs;
};

// A promise that waits for the tensor thread; JavaScript thread only. The job itself owns nothing of this.
struct Pending {
  explicit Pending(Napi::Env env) : deferred(env) {}
  Napi::Promise::Deferred deferred;
  Napi::FunctionReference on_progress;
  Napi::FunctionReference on_event;
  Napi::ObjectReference origin;          // an Error made by the call, for its stack
  Napi::ObjectReference callback_error;  // thrown by onProgress or onMetrics; it ends the job
  Cancel cancel;
  std::shared_ptr<TokenState> token;
  Executor* executor = nullptr;
  uint64_t ticket = 0;
};

// State of one environment (the main thread or a worker_thread). The executors are the process's; the jobs in `pending`
// are this environment's own, and its end cancels and waits for those alone.
class InstanceData {
 public:
  explicit InstanceData(Napi::Env env);
  static InstanceData& of(Napi::Env env) { return *env.GetInstanceData<InstanceData>(); }

  using Settle = std::function<void(Napi::Env, Pending&)>;
  uint64_t add(Pending pending);
  void placed(uint64_t id, Executor& executor, uint64_t ticket);
  // Resolves or rejects through `settle`, once; nothing happens when the job was settled before (withdrawn).
  void settle(Napi::Env env, uint64_t id, const Settle& settle);
  // A queued job rejects at once; a running one is asked to stop and rejects when it does.
  void abort(Napi::Env env, uint64_t id);
  // Calls back into JavaScript for a job that is not settled; what the callback throws becomes the job's rejection.
  void call(Napi::Env env, uint64_t id, const std::function<void(Napi::Env, Pending&)>& callback);
  // Cancels every job of this environment and waits for the running one. Later calls are rejected.
  void close();

  std::shared_ptr<Channel> channel;
  std::map<std::string, Napi::FunctionReference> classes;
  std::shared_ptr<void> incoming;  // the native half of an object under construction
  Napi::FunctionReference error_class;
  bool closed = false;

 private:
  std::map<uint64_t, Pending> pending_;
  uint64_t next_ = 1;
};

}  // namespace wordmask::bindings

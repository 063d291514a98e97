#pragma once
#include <napi.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>

#include "base/cancel.h"
#include "base/executor.h"
#include "base/image.h"
#include "bindings/instance_data.h"

namespace wordmask::bindings {

// What a call brings besides its work; functions are empty where the caller gave none.
struct Task {
  Napi::Function on_progress;
  Napi::Function on_event;
  std::shared_ptr<TokenState> token;
};

// Progress on its way to JavaScript: one message every 50 ms, and the last value at the end.
class ProgressThrottle {
 public:
  ProgressThrottle(std::shared_ptr<Channel> channel, uint64_t id) : channel_(std::move(channel)), id_(id) {}
  void report(double done, double total);
  void flush();

 private:
  std::shared_ptr<Channel> channel_;
  uint64_t id_;
  std::chrono::steady_clock::time_point sent_{};
  double done_ = 0;
  double total_ = 0;
  bool waiting_ = false;
};

// What `work` sees of its call; nothing in it is a JavaScript value.
struct Job {
  Cancel cancel;
  Progress progress;  // always callable
  // Hands an event to Task::on_event, in order, none left out. What the callback throws ends and rejects the call.
  std::function<void(std::function<Napi::Value(Napi::Env)> event)> emit;
};

// JavaScript thread. A promise and what a job needs to settle it. Throws ERR_WORDMASK_ABORTED when it is too late to
// begin.
class Call {
 public:
  Call(Napi::Env env, Task task);
  // `body` answers with the way to settle, and must not throw.
  void start(const std::string& lane, Executor::Mode mode, std::function<InstanceData::Settle(const Job&)> body);
  Napi::Promise promise() const { return promise_; }

 private:
  Napi::Env env_;
  InstanceData& data_;
  bool wants_progress_ = false;
  Cancel cancel_ = std::make_shared<CancelToken>();
  uint64_t id_ = 0;
  Napi::Promise promise_;
};
void resolve(Napi::Env env, Pending& pending, const std::function<Napi::Value(Napi::Env)>& to_js);
void reject(Napi::Env env, Pending& pending, const Failure& failure);

// Runs `work(job)` on the lane's thread, then `to_js(env, result)` on the JavaScript thread, and answers with a
// promise. `work` owns what it touches (shared_ptr, plain structs) and is destroyed before the promise settles. `to_js`
// takes a shared_ptr, so that an array over the result's memory can keep it alive.
template <class Work, class ToJs>
Napi::Promise run(Napi::Env env, Task task, const std::string& lane, Work work, ToJs to_js,
                  Executor::Mode mode = Executor::Mode::kInference) {
  using Returned = std::invoke_result_t<Work&, const Job&>;
  using Result = std::conditional_t<std::is_void_v<Returned>, std::monostate, Returned>;
  Call call(env, std::move(task));
  auto owned = std::make_shared<std::optional<Work>>(std::move(work));
  call.start(lane, mode, [owned, to_js](const Job& job) -> InstanceData::Settle {
    auto result = std::make_shared<Result>();
    try {
      job.cancel->check();
      if constexpr (std::is_void_v<Returned>) {
        (**owned)(job);
      } else {
        *result = (**owned)(job);
      }
    } catch (...) {
      owned->reset();
      return [failure = failure_of(std::current_exception())](Napi::Env env, Pending& pending) {
        reject(env, pending, failure);
      };
    }
    owned->reset();
    return [result, to_js](Napi::Env env, Pending& pending) {
      resolve(env, pending, [&](Napi::Env env) { return to_js(env, result); });
    };
  });
  return call.promise();
}

// For calls that answer with nothing.
struct ToUndefined {
  template <class Result>
  Napi::Value operator()(Napi::Env env, const std::shared_ptr<Result>&) const {
    return env.Undefined();
  }
};

}  // namespace wordmask::bindings

#include "bindings/worker.h"

#include "base/error.h"

namespace wordmask::bindings {
namespace {

constexpr auto kProgressInterval = std::chrono::milliseconds(50);

}  // namespace

void ProgressThrottle::report(double done, double total) {
  done_ = done;
  total_ = total;
  waiting_ = true;
  if (std::chrono::steady_clock::now() - sent_ >= kProgressInterval) flush();
}

void ProgressThrottle::flush() {
  if (!waiting_) return;
  waiting_ = false;
  sent_ = std::chrono::steady_clock::now();
  channel_->post([id = id_, done = done_, total = total_](Napi::Env env) {
    InstanceData::of(env).call(env, id, [&](Napi::Env env, Pending& pending) {
      pending.on_progress.Call({Napi::Number::New(env, done), Napi::Number::New(env, total)});
    });
  });
}

Call::Call(Napi::Env env, Task task) : env_(env), data_(InstanceData::of(env)) {
  WM_CHECK(!data_.closed && !(task.token && task.token->cancelled), code::kAborted, aborted().message);
  Pending pending(env);
  promise_ = pending.deferred.Promise();
  pending.origin = Napi::Persistent(Napi::Error::New(env).Value());
  pending.cancel = cancel_;
  pending.token = std::move(task.token);
  if (!task.on_event.IsEmpty()) pending.on_event = Napi::Persistent(task.on_event);
  wants_progress_ = !task.on_progress.IsEmpty();
  if (wants_progress_) pending.on_progress = Napi::Persistent(task.on_progress);
  id_ = data_.add(std::move(pending));
}

void Call::start(const std::string& lane, Executor::Mode mode, std::function<InstanceData::Settle(const Job&)> body) {
  Executor& executor = Executor::lane(lane);
  const auto work = [channel = data_.channel, id = id_, cancel = cancel_, wants_progress = wants_progress_,
                     body = std::move(body)] {
    ProgressThrottle throttle(channel, id);
    Job job{cancel, [](double, double) {}, {}};
    if (wants_progress) job.progress = [&throttle](double done, double total) { throttle.report(done, total); };
    job.emit = [&channel, id](std::function<Napi::Value(Napi::Env)> event) {
      channel->post([id, event = std::move(event)](Napi::Env env) {
        InstanceData::of(env).call(env, id,
                                   [&](Napi::Env env, Pending& pending) { pending.on_event.Call({event(env)}); });
      });
    };
    InstanceData::Settle settle = body(job);
    throttle.flush();
    channel->post([id, settle = std::move(settle)](Napi::Env env) { InstanceData::of(env).settle(env, id, settle); });
  };
  const uint64_t ticket = executor.submit(mode, work);
  if (ticket == 0) {
    data_.settle(env_, id_, [](Napi::Env env, Pending& pending) { reject(env, pending, aborted()); });
  } else {
    data_.placed(id_, executor, ticket);
  }
}

void resolve(Napi::Env env, Pending& pending, const std::function<Napi::Value(Napi::Env)>& to_js) {
  if (pending.cancel->cancelled()) return reject(env, pending, aborted());
  try {
    pending.deferred.Resolve(to_js(env));
  } catch (const Napi::Error& error) {
    pending.deferred.Reject(error.Value());
  } catch (...) {
    reject(env, pending, failure_of(std::current_exception()));
  }
}

void reject(Napi::Env env, Pending& pending, const Failure& failure) {
  pending.deferred.Reject(to_js(env, failure, pending.origin.Value()));
}

}  // namespace wordmask::bindings

#include "bindings/cancel_token.h"

#include "bindings/argument.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

Napi::Value cancel(const Napi::CallbackInfo& info) {
  TokenState& state = *Wrapped<CancelTokenWrap>::receiver(info).state;
  state.cancelled = true;
  const std::set<uint64_t> jobs = state.jobs;  // aborting a queued job takes it out of the set
  for (uint64_t job : jobs) InstanceData::of(info.Env()).abort(info.Env(), job);
  return info.Env().Undefined();
}

}  // namespace

std::unique_ptr<CancelTokenWrap> CancelTokenWrap::construct(const Napi::CallbackInfo&) {
  return std::make_unique<CancelTokenWrap>();
}

void CancelTokenWrap::define(Napi::Env env, Napi::Object exports) {
  Wrapped<CancelTokenWrap>::define(env, exports, {sync<cancel>("cancel")});
}

Task read_task(Napi::Value value) {
  const Argument argument(value, "task");
  Task task;
  if (const Argument token = argument["cancel"]; token.given()) {
    task.token = Wrapped<CancelTokenWrap>::of(token.value(), "task.cancel").state;
  }
  if (const Argument progress = argument["onProgress"]; progress.given()) task.on_progress = progress.function();
  return task;
}

}  // namespace wordmask::bindings

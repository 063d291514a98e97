#include "bindings/instance_data.h"

#include <chrono>
#include <utility>
#include <vector>

namespace wordmask::bindings {

// A job that has not reached a cancellation point by then ends on its own: nothing it owns belongs to the environment.
constexpr auto kCloseGrace = std::chrono::seconds(5);

InstanceData::InstanceData(Napi::Env env) : channel(std::make_shared<Channel>(env)) {}

uint64_t InstanceData::add(Pending pending) {
  const uint64_t id = next_++;
  if (pending.token) pending.token->jobs.insert(id);
  if (pending_.empty()) channel->keep_alive(pending.deferred.Env(), true);
  pending_.emplace(id, std::move(pending));
  return id;
}

void InstanceData::placed(uint64_t id, Executor& executor, uint64_t ticket) {
  Pending& pending = pending_.at(id);
  pending.executor = &executor;
  pending.ticket = ticket;
}

void InstanceData::settle(Napi::Env env, uint64_t id, const Settle& settle) {
  auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending pending = std::move(found->second);
  pending_.erase(found);
  if (pending.token) pending.token->jobs.erase(id);
  if (pending_.empty()) channel->keep_alive(env, false);
  if (!pending.callback_error.IsEmpty()) {
    pending.deferred.Reject(pending.callback_error.Value());
  } else {
    settle(env, pending);
  }
}

void InstanceData::abort(Napi::Env env, uint64_t id) {
  auto found = pending_.find(id);
  if (found == pending_.end()) return;
  found->second.cancel->cancel();
  if (!found->second.executor->withdraw(found->second.ticket)) return;
  settle(env, id, [](Napi::Env env, Pending& pending) {
    pending.deferred.Reject(to_js(env, aborted(), pending.origin.Value()));
  });
}

void InstanceData::call(Napi::Env env, uint64_t id, const std::function<void(Napi::Env, Pending&)>& callback) {
  auto found = pending_.find(id);
  if (found == pending_.end() || !found->second.callback_error.IsEmpty()) return;
  try {
    callback(env, found->second);
  } catch (const Napi::Error& error) {
    found = pending_.find(id);  // the callback may have settled it
    if (found == pending_.end()) return;
    found->second.callback_error = Napi::Persistent(error.Value());
    found->second.cancel->cancel();
  }
}

void InstanceData::close() {
  if (closed) return;
  closed = true;
  channel->close();
  std::vector<std::pair<Executor*, uint64_t>> running;
  for (auto& [id, pending] : pending_) {
    pending.cancel->cancel();
    if (!pending.executor->withdraw(pending.ticket)) running.emplace_back(pending.executor, pending.ticket);
  }
  for (auto& [executor, ticket] : running) executor->wait(ticket, kCloseGrace);
}

}  // namespace wordmask::bindings

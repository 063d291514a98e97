#include "base/executor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/cancel.h"
#include "base/kept_memory.h"
#include "base/threads.h"

namespace wordmask {
namespace {

constexpr auto kExitGrace = std::chrono::seconds(5);
constexpr auto kIdle = std::chrono::seconds(1);  // then what memory is kept goes back

struct ThreadSetting {
  std::atomic<int> threads{0};     // 0: LibTorch's default
  std::atomic<int> generation{0};  // raised by every change, so that a lane applies it once
};
ThreadSetting& setting() {
  static auto* value = new ThreadSetting;
  return *value;
}

struct Lanes {
  std::mutex mutex;
  std::map<std::string, Executor*> byName;
};
Lanes& lanes() {
  static auto* value = new Lanes;  // never destroyed: read during exit
  return *value;
}

}  // namespace

struct Executor::State {
  enum class Kind { kDevice, kFiles, kTraining };
  struct Job {
    uint64_t ticket;
    Mode mode;
    std::function<void()> run;
  };

  Kind kind = Kind::kDevice;
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable ended;
  std::deque<Job> queue;
  uint64_t next_ticket = 1;
  uint64_t running = 0;
  bool stopping = false;
  bool finished = false;
  int applied = -1;  // generation of the thread setting
  std::thread thread;

  void loop();
  void run(Job job);
  void apply_threads();
};

Executor::Executor(const std::string& name) : state_(new State) {
  if (name == "files") state_->kind = State::Kind::kFiles;
  if (name == "training") state_->kind = State::Kind::kTraining;
  // The threads inherit the mask: signals are for the JavaScript thread, but for those that a thread's own instruction
  // raises: blocked, they end the process whatever their handler (fault_guard.h) would do.
  sigset_t all, before;
  sigfillset(&all);
  for (const int own : {SIGBUS, SIGSEGV, SIGFPE, SIGILL}) sigdelset(&all, own);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  state_->thread = std::thread([state = state_, name] {
    pthread_setname_np(pthread_self(), ("wm-" + name).substr(0, 15).c_str());
    state->loop();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Executor& Executor::lane(const std::string& name) {
  std::lock_guard lock(lanes().mutex);
  Executor*& executor = lanes().byName[name];
  if (!executor) executor = new Executor(name);
  return *executor;
}

uint64_t Executor::submit(Mode mode, std::function<void()> job) {
  std::lock_guard lock(state_->mutex);
  if (state_->stopping || CancelToken::shutting_down()) return 0;
  const uint64_t ticket = state_->next_ticket++;
  state_->queue.push_back({ticket, mode, std::move(job)});
  state_->wake.notify_one();
  return ticket;
}

bool Executor::withdraw(uint64_t ticket) {
  State::Job job;
  std::lock_guard lock(state_->mutex);
  for (auto it = state_->queue.begin(); it != state_->queue.end(); ++it) {
    if (it->ticket != ticket) continue;
    job = std::move(*it);  // destroyed after the lock is released: declared before it
    state_->queue.erase(it);
    return true;
  }
  return false;
}

bool Executor::wait(uint64_t ticket, std::chrono::milliseconds grace) {
  std::unique_lock lock(state_->mutex);
  return state_->ended.wait_for(lock, grace, [&] {
    if (state_->finished) return true;
    if (state_->running == ticket) return false;
    for (const State::Job& job : state_->queue) {
      if (job.ticket == ticket) return false;
    }
    return true;
  });
}

void Executor::State::loop() {
  std::unique_lock lock(mutex);
  bool used = false;  // since kept memory was released
  while (true) {
    const auto called = [this] { return stopping || !queue.empty(); };
    if (used && !wake.wait_for(lock, kIdle, called)) {
      used = false;
      lock.unlock();
      release_kept_memory();
      lock.lock();
    }
    wake.wait(lock, called);
    if (stopping) break;
    Job job = std::move(queue.front());
    queue.pop_front();
    running = job.ticket;
    used = kind != Kind::kFiles;
    lock.unlock();
    run(std::move(job));
    lock.lock();
    running = 0;
    ended.notify_all();
  }
  finished = true;
  ended.notify_all();
}

void Executor::State::run(Job job) {
  apply_threads();
  std::optional<KeepsMemory> keeps;
  if (kind != Kind::kFiles) keeps.emplace();
  if (job.mode == Mode::kInference) {
    c10::InferenceMode guard;
    job.run();
    job.run = nullptr;
  } else {
    job.run();
    job.run = nullptr;
  }
  // A trainer sets LibTorch's thread count for itself, and MKL's part of it is process-wide.
  if (kind == Kind::kTraining) ++setting().generation;
}

void Executor::State::apply_threads() {
  const int generation = setting().generation.load();
  if (applied == generation) return;
  applied = generation;
  if (kind == Kind::kFiles) {
    use_one_thread();
    return;
  }
  at::set_num_threads(Executor::threads());
}

void Executor::set_threads(int threads) {
  setting().threads = threads;
  ++setting().generation;
}

int Executor::threads() {
  const int threads = setting().threads.load();
  return threads > 0 ? threads : default_threads();
}

bool Executor::stop_all(std::chrono::milliseconds grace) {
  CancelToken::shutting_down() = true;
  const auto deadline = std::chrono::steady_clock::now() + grace;
  std::lock_guard lock(lanes().mutex);
  for (auto& [name, executor] : lanes().byName) {
    std::lock_guard each(executor->state_->mutex);
    executor->state_->stopping = true;
    executor->state_->wake.notify_all();
  }
  bool all = true;
  for (auto& [name, executor] : lanes().byName) {
    State& state = *executor->state_;
    std::unique_lock each(state.mutex);
    const bool ended = state.ended.wait_until(each, deadline, [&] { return state.finished; });
    each.unlock();
    if (ended && state.thread.joinable()) state.thread.join();
    all = all && ended;
  }
  return all;
}

void Executor::stop_at_exit() {
  static std::once_flag once;
  std::call_once(once, [] {
    default_threads();  // also constructs LibTorch's lazy statics, whose destructors then come after our handler
    on_exit(
        [](int status, void*) {
          if (!stop_all(kExitGrace)) _exit(status);
        },
        nullptr);
  });
}

}  // namespace wordmask

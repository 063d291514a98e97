#include "train/worker_pool.h"

#include <algorithm>

#include "base/threads.h"

namespace wordmask::train {

WorkerPool::WorkerPool(int workers) : errors_(workers) {
  for (int i = 0; i < workers; ++i) threads_.emplace_back([this, i] { loop(i); });
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void WorkerPool::run(const std::function<void(int)>& task) {
  std::unique_lock lock(mutex_);
  std::fill(errors_.begin(), errors_.end(), nullptr);
  task_ = &task;
  running_ = size();
  ++round_;
  start_.notify_all();
  done_.wait(lock, [this] { return running_ == 0; });
  for (const auto& error : errors_)
    if (error) std::rethrow_exception(error);
}

void WorkerPool::loop(int worker) {
  use_one_thread();
  uint64_t seen = 0;
  for (;;) {
    const std::function<void(int)>* task;
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stop_ || round_ != seen; });
      if (stop_) return;
      seen = round_;
      task = task_;
    }
    try {
      (*task)(worker);
    } catch (...) {
      errors_[worker] = std::current_exception();
    }
    std::lock_guard lock(mutex_);
    if (--running_ == 0) done_.notify_all();
  }
}

}  // namespace wordmask::train

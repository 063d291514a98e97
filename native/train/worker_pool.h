#pragma once
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace wordmask::train {

// Threads that run one function together, each with intra-op parallelism off: halves of a batch on whole cores beat
// two OpenMP threads an operation. The destructor joins.
class WorkerPool {
 public:
  explicit WorkerPool(int workers);
  ~WorkerPool();
  int size() const { return static_cast<int>(threads_.size()); }
  // Calls task(worker) on every thread and waits; the error of the lowest worker is thrown again here.
  void run(const std::function<void(int)>& task);

 private:
  void loop(int worker);
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(int)>* task_ = nullptr;
  uint64_t round_ = 0;
  int running_ = 0;
  bool stop_ = false;
  std::vector<std::exception_ptr> errors_;
  std::vector<std::thread> threads_;
};

}  // namespace wordmask::train

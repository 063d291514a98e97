#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace wordmask {

// An owned thread with a first-in-first-out queue. More runnable threads than cores cost milliseconds a parallel region
// (libgomp spins), so all tensor work of a device goes through one of these, whichever environment asks for it.
//
// Executors live as long as the process: an environment that ends withdraws and cancels its own jobs only. A thread
// still inside LibTorch while the process destroys its statics aborts it; stop_all() therefore runs at exit, before
// them.
class Executor {
 public:
  enum class Mode { kInference, kGrad };

  // Made on first use. "cpu", "cuda:0": the tensor thread of the device; "files": reading, writing and rendering, on
  // one core; "training": optimiser loops, so that a long one does not hold up answers.
  static Executor& lane(const std::string& name);

  // Runs `job` on the thread, after those before it; it must not throw. Returns a ticket, or 0 when the process is
  // ending (the job is then dropped).
  uint64_t submit(Mode mode, std::function<void()> job);

  // True when the job had not started and now never will; it is destroyed on the calling thread.
  bool withdraw(uint64_t ticket);

  // Waits until that job has ended or was withdrawn; false when it has not after `grace`.
  bool wait(uint64_t ticket, std::chrono::milliseconds grace);

  // Intra-op threads of the device lanes, applied before their next job. 0 < threads.
  static void set_threads(int threads);
  static int threads();

  // Raises CancelToken::shutting_down(), drops what is queued and joins the threads. False when a job is still inside
  // after `grace`.
  static bool stop_all(std::chrono::milliseconds grace);

  // Runs stop_all when the process exits. Call once LibTorch is loaded: handlers run in reverse order, so this one
  // comes before LibTorch's static destructors. A job that outstays the grace ends the process with the same exit
  // status, but without those destructors.
  static void stop_at_exit();

  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

 private:
  struct State;
  explicit Executor(const std::string& name);
  State* state_;
};

}  // namespace wordmask

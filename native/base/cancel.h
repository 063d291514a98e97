#pragma once
#include <atomic>
#include <memory>

#include "base/error.h"

namespace wordmask {

// Set by an AbortSignal, by dispose and by process exit; long loops call check() between tiles, batches and steps.
class CancelToken {
 public:
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const {
    return cancelled_.load(std::memory_order_relaxed) || shutting_down().load(std::memory_order_relaxed);
  }
  void check() const {
    if (cancelled()) fail(code::kAborted, "The operation was aborted");
  }
  // Raised once, when the process or the last environment ends.
  static std::atomic<bool>& shutting_down();

 private:
  std::atomic<bool> cancelled_{false};
};
using Cancel = std::shared_ptr<CancelToken>;

}  // namespace wordmask

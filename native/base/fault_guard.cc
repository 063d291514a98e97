#include "base/fault_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace wordmask {

// Read by the handler on any thread: ranges are linked in once, never freed, and used again.
struct FaultRange {
  std::atomic<uintptr_t> begin{0}, end{0};
  std::atomic<bool> torn{false};
  bool used = false;  // under the mutex
  FaultRange* next = nullptr;
};

namespace {
std::atomic<FaultRange*> ranges{nullptr};
struct sigaction before;
uintptr_t page_bytes;

bool map_zeros(uintptr_t address) {
  for (FaultRange* range = ranges.load(std::memory_order_acquire); range; range = range->next) {
    const uintptr_t begin = range->begin.load(), end = range->end.load();
    if (address < begin || address >= end) continue;
    range->torn = true;
    const uintptr_t page = address / page_bytes * page_bytes;
    constexpr int kFlags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;
    return ::mmap(reinterpret_cast<void*>(page), end - page, PROT_READ, kFlags, -1, 0) != MAP_FAILED;
  }
  return false;
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const bool sent = info->si_code <= 0;  // by kill(): there is no address
  if (!sent && map_zeros(reinterpret_cast<uintptr_t>(info->si_addr))) {
    errno = error;
    return;
  }
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  } else {
    // What is read is read again on return, what was sent is sent again: either ends the process, as without us.
    ::signal(signal, SIG_DFL);
    if (sent) ::raise(signal);
  }
}

std::mutex& mutex() {
  static auto* value = new std::mutex;
  return *value;
}

void install_once() {
  static const bool installed = [] {
    page_bytes = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &before) == 0;
  }();
  static_cast<void>(installed);
}
}  // namespace

FaultGuard::FaultGuard(const void* begin, size_t bytes) {
  std::lock_guard lock(mutex());
  install_once();
  range_ = ranges.load();
  while (range_ && range_->used) range_ = range_->next;
  if (!range_) {
    range_ = new FaultRange;
    range_->next = ranges.load();
    ranges.store(range_, std::memory_order_release);
  }
  range_->used = true;
  range_->torn = false;
  range_->begin = reinterpret_cast<uintptr_t>(begin);
  range_->end = reinterpret_cast<uintptr_t>(begin) + bytes;
}

FaultGuard::~FaultGuard() {
  std::lock_guard lock(mutex());
  range_->end = 0;
  range_->begin = 0;
  range_->used = false;
}

bool FaultGuard::torn() const { return range_->torn; }

}  // namespace wordmask

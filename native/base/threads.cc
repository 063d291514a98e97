#include "base/threads.h"

#include <ATen/Parallel.h>
#include <omp.h>

#include <cstdlib>
#include <string>

#include "base/error.h"

// MKL's own setting, which at::set_num_threads makes for the whole process, counts for more than OpenMP's; this one is
// the calling thread's. Absent where LibTorch was built without MKL.
extern "C" int MKL_Set_Num_Threads_Local(int threads) __attribute__((weak));

namespace wordmask {

namespace {
constexpr int kMostThreads = 1024;

int from_environment(const std::string& text) {
  const bool digits = !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == std::string::npos;
  const int threads = digits ? std::stoi(text) : 0;
  WM_CHECK(threads >= 1 && threads <= kMostThreads, code::kInvalidArgument, "Expected a whole number from 1 to ",
           kMostThreads, " for WORDMASK_THREADS but received '", text, "'");
  return threads;
}
}  // namespace

int default_threads() {
  static const int value = [] {
    const int usual = at::get_num_threads();
    const char* text = std::getenv("WORDMASK_THREADS");
    return text != nullptr && *text != '\0' ? from_environment(text) : usual;
  }();
  return value;
}

void use_one_thread() { use_threads(1); }

void use_threads(int threads) {
  // LibTorch sets a thread's count at its first parallel loop, undoing ours. It remembers having done so in an inline
  // function's thread_local, which exists twice: hidden in libtorch_cpu, and once more for all code compiled here.
  at::get_num_threads();
  at::internal::lazy_init_num_threads();
  omp_set_num_threads(threads);
  if (MKL_Set_Num_Threads_Local != nullptr) MKL_Set_Num_Threads_Local(threads);
}

}  // namespace wordmask

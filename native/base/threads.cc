#include "base/threads.h"

#include <ATen/Parallel.h>
#include <omp.h>

namespace wordmask {

void use_one_thread() {
  // LibTorch sets a thread's count at its first parallel loop, undoing ours. It remembers having done so in an inline
  // function's thread_local, which exists twice: hidden in libtorch_cpu, and once more for all code compiled here.
  at::get_num_threads();
  at::internal::lazy_init_num_threads();
  omp_set_num_threads(1);
}

}  // namespace wordmask

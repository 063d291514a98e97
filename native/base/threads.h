#pragma once

namespace wordmask {

// Threads of a tensor operation unless somebody sets them: WORDMASK_THREADS, else LibTorch's choice (OMP_NUM_THREADS,
// else the cores). Read once. ERR_WORDMASK_INVALID_ARGUMENT where the variable is no whole number from 1 to 1024.
int default_threads();

// From here on parallel loops of the calling thread run on it alone: ATen and oneDNN ask OpenMP, whose setting is a
// thread's own, MKL asks its own (at::set_num_threads would change MKL for the whole process).
void use_one_thread();

// The same with a team of `threads`, for work whose sums depend on their number.
void use_threads(int threads);

}  // namespace wordmask

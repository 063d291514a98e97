#pragma once

namespace wordmask {

// From here on parallel loops of the calling thread run on it alone: ATen, oneDNN and MKL all ask OpenMP, whose setting
// is a thread's own (at::set_num_threads would change MKL for the whole process).
void use_one_thread();

}  // namespace wordmask

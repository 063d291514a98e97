#pragma once
#include <string>

namespace wordmask::check {

// libwordmask_cuda.so as it lies beside this program.
std::string cuda_library();

// Opens the NVIDIA driver, LibTorch's CUDA libraries and `library`, in this order; LibTorch looks for CUDA at the first
// ATen call of the process and never again, so this comes before it. ERR_WORDMASK_DEVICE names what did not open.
void open_cuda(const std::string& library);

// Opens a library for good, its symbols visible to those opened later.
void open(const std::string& library);

// Opens `library` alone, with what it is linked to: its operators can then be listed on a machine without a GPU.
void open_kernels(const std::string& library);

}  // namespace wordmask::check

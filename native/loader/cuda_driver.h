#pragma once
#include <string>

namespace wordmask::loader {

// Opens the NVIDIA driver (libcuda.so.1, by the system's search) and asks it for devices. Empty when it has at least
// one, else why not. LibTorch's CUDA libraries are gigabytes: this is asked before they are opened.
std::string cuda_driver();

}  // namespace wordmask::loader

#pragma once
#include <string>
#include <vector>

namespace wordmask {

// What `doctor` prints about the machine and the libraries in this process.
struct SystemInfo {
  std::string torch;  // of the LibTorch that is loaded, e.g. "2.11.0"
  std::string build;  // git describe of the sources of this library
  std::string compiler;
  std::string cpu_capability;  // "AVX512" | "AVX2" | "DEFAULT", what ATen's own kernels use
  bool native_bfloat16 = false, fast_bfloat16 = false;
  int threads = 0;
  struct Cuda {
    bool built = false;  // libwordmask_cuda.so is in this process
    bool available = false;
    std::vector<std::string> devices;
    std::string reason;   // why not available; empty when it is
    bool graphs = false;  // towers run as CUDA graphs
  } cuda;
};
SystemInfo system_info();

// Throws when the LibTorch in this process is not the version these sources were compiled against.
void check_torch_version();

// Gives freed memory that the allocator keeps back to the system, where it can (glibc): threads that come and go, as
// LanceDB's do, leave much of it in arenas of their own.
void return_free_memory();

}  // namespace wordmask

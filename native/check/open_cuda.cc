#include "check/open_cuda.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <filesystem>

#include "base/cuda.h"
#include "base/error.h"
#include "loader/cuda_driver.h"

namespace wordmask::check {
namespace {

std::filesystem::path torch_folder() {
  Dl_info info;
  const auto* symbol = reinterpret_cast<const void*>(&at::get_num_threads);
  WM_CHECK(dladdr(symbol, &info) != 0, code::kInternal, "cannot tell where LibTorch lies");
  return std::filesystem::canonical(info.dli_fname).parent_path();
}

}  // namespace

void open(const std::string& library) {
  const auto path = std::filesystem::absolute(library);
  WM_CHECK(dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr, code::kDevice, "CUDA cannot be used: ", dlerror());
}

std::string cuda_library() {
  return std::filesystem::canonical("/proc/self/exe").parent_path() / "libwordmask_cuda.so";
}

void open_kernels(const std::string& library) {
  open(torch_folder() / "libc10_cuda.so");
  open(library);
}

void open_cuda(const std::string& library) {
  const std::string reason = loader::cuda_driver();
  WM_CHECK(reason.empty(), code::kDevice, "CUDA cannot be used: ", reason);
  open(torch_folder() / "libc10_cuda.so");
  open(torch_folder() / "libtorch_cuda.so");
  open(library);
  set_cuda_reason("");
}

}  // namespace wordmask::check

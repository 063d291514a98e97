#include "base/system.h"

#include <ATen/Version.h>
#include <torch/version.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/cuda.h"
#include "base/device.h"
#include "base/error.h"
#include "base/executor.h"

#ifndef WORDMASK_BUILD
#define WORDMASK_BUILD "unknown"
#endif

namespace wordmask {
namespace {

// LibTorch offers no version function; its build settings hold "TORCH_VERSION=2.11.0, ".
std::string loaded_torch_version() {
  const std::string settings = at::show_config();
  const std::string key = "TORCH_VERSION=";
  const size_t begin = settings.find(key);
  if (begin == std::string::npos) return "";
  const size_t from = begin + key.size();
  return settings.substr(from, settings.find_first_of(", \n", from) - from);
}

}  // namespace

SystemInfo system_info() {
  SystemInfo info;
  info.torch = loaded_torch_version();
  info.build = WORDMASK_BUILD;
  info.compiler = "g++ " __VERSION__;
  info.cpu_capability = at::get_cpu_capability();
  info.native_bfloat16 = has_native_bfloat16(c10::Device(c10::kCPU));
  info.fast_bfloat16 = has_fast_bfloat16(c10::Device(c10::kCPU));
  info.threads = Executor::threads();
  info.cuda.built = cuda_opened();
  info.cuda.available = cuda_devices() > 0;
  info.cuda.devices = cuda_device_names();
  info.cuda.reason = cuda_reason();
  info.cuda.graphs = info.cuda.available && cuda_graph_recorder() != nullptr;
  return info;
}

void check_torch_version() {
  const std::string loaded = loaded_torch_version();
  WM_CHECK(loaded == TORCH_VERSION, code::kNativeLoad, "wordmask was built against LibTorch ", TORCH_VERSION,
           " but LibTorch ", loaded.empty() ? "of unknown version" : loaded, " is loaded in this process");
}

void return_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace wordmask

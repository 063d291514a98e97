#include "base/cuda.h"

#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdlib>
#include <mutex>
#include <string_view>

namespace wordmask {

namespace {
std::mutex mutex;
std::string opening = "the CUDA libraries were not opened";

std::string opening_reason() {
  const std::lock_guard lock(mutex);
  return opening;
}

int devices_of_torch() { return at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0; }

// Registered by libwordmask_cuda.so (native/kernels/devices, native/kernels/graph).
auto names_operator() { return c10::Dispatcher::singleton().findSchema({"wordmask::cuda_devices", ""}); }
auto recorder_operator() {
  return c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::cuda_graph_recorder", "").typed<int64_t()>();
}
}  // namespace

void set_cuda_reason(const std::string& reason) {
  const std::lock_guard lock(mutex);
  opening = reason;
  // LibTorch's default is TF32 (10 bits) for convolutions alone; float32 is float32 here, on every device.
  if (reason.empty()) at::globalContext().setAllowTF32CuDNN(false);
}

std::string cuda_reason() {
  if (const std::string reason = opening_reason(); !reason.empty()) return reason;
  if (!at::hasCUDA()) return "step 6 of 6, an ATen call came before LibTorch's CUDA libraries";
  return devices_of_torch() > 0 ? "" : "step 6 of 6, LibTorch sees no device that the driver has";
}

int cuda_devices() { return opening_reason().empty() ? devices_of_torch() : 0; }

bool cuda_opened() { return names_operator().has_value(); }

std::vector<std::string> cuda_device_names() {
  if (cuda_devices() == 0 || !cuda_opened()) return {};
  return names_operator()->typed<std::vector<std::string>()>().call();
}

GraphRecorder* cuda_graph_recorder() {
  const char* wanted = std::getenv("WORDMASK_CUDA_GRAPHS");
  if (wanted != nullptr && std::string_view(wanted) == "0") return nullptr;
  return cuda_opened() ? reinterpret_cast<GraphRecorder*>(recorder_operator().call()) : nullptr;
}

}  // namespace wordmask

#include "cuda_driver.h"

#include <dlfcn.h>

namespace wordmask::loader {

namespace {
// From the driver's own interface (cuda.h), which is stable: 0 is success.
using Init = int (*)(unsigned flags);
using Count = int (*)(int* devices);
using ErrorName = int (*)(int error, const char** name);

std::string failed(void* driver, const char* call, int error) {
  const auto name_of = reinterpret_cast<ErrorName>(dlsym(driver, "cuGetErrorName"));
  const char* name = nullptr;
  if (name_of != nullptr) name_of(error, &name);
  return std::string("the driver answers ") + call + " with error " + std::to_string(error) +
         (name != nullptr ? std::string(" (") + name + ")" : "");
}
}  // namespace

std::string cuda_driver() {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);  // never closed: it runs threads of its own
  if (driver == nullptr) return dlerror();
  const auto init = reinterpret_cast<Init>(dlsym(driver, "cuInit"));
  const auto count = reinterpret_cast<Count>(dlsym(driver, "cuDeviceGetCount"));
  if (init == nullptr || count == nullptr) return "libcuda.so.1 has no cuInit or no cuDeviceGetCount";
  if (const int error = init(0); error != 0) return failed(driver, "cuInit", error);
  int devices = 0;
  if (const int error = count(&devices); error != 0) return failed(driver, "cuDeviceGetCount", error);
  return devices > 0 ? "" : "the driver sees no device (is CUDA_VISIBLE_DEVICES set?)";
}

}  // namespace wordmask::loader

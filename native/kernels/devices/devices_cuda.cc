// The devices in words, for `doctor`; LibTorch's CUDA-free interface has their number alone (base/cuda.h asks this).
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <torch/library.h>

#include <cstdio>
#include <string>
#include <vector>

namespace wordmask::kernels {

namespace {
std::vector<std::string> cuda_devices() {
  std::vector<std::string> names;
  for (int device = 0; device < c10::cuda::device_count(); ++device) {
    cudaDeviceProp properties;
    C10_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
    char text[64];
    std::snprintf(text, sizeof(text), " (%.1f GiB, compute %d.%d%s)",
                  static_cast<double>(properties.totalGlobalMem) / (1 << 30), properties.major, properties.minor,
                  properties.major < 8 ? ": too old, 8.0 is needed" : "");
    names.push_back(std::string(properties.name) + text);
  }
  return names;
}
}  // namespace

TORCH_LIBRARY_FRAGMENT(wordmask, m) { m.def("cuda_devices() -> str[]", &cuda_devices); }

}  // namespace wordmask::kernels

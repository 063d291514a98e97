#include "base/device.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cctype>
#include <cstdlib>
#include <set>

#include "base/cuda.h"
#include "base/error.h"

namespace wordmask {

namespace {
// What oneDNN was told to stay below, in its own spelling; empty: nothing.
std::string isa_limit() {
  const char* text = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (text == nullptr) text = std::getenv("DNNL_MAX_CPU_ISA");
  std::string limit = text == nullptr ? "" : text;
  for (auto& letter : limit) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return limit;
}

#if defined(__x86_64__)
// AMX with bfloat16: bits 22 and 24 of leaf 7's EDX.
bool has_amx_bfloat16() {
  constexpr unsigned kTiles = 1u << 24 | 1u << 22;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kTiles) == kTiles;
}
#endif
}  // namespace

c10::Device parse_device(const std::string& text) {
  if (text == "cpu") return at::kCPU;
  const int devices = cuda_devices();
  if (text == "auto") return devices > 0 ? c10::Device(at::kCUDA, 0) : c10::Device(at::kCPU);
  int index = 0;
  if (text.rfind("cuda:", 0) == 0) {
    const auto digits = text.substr(5);
    const bool number =
        !digits.empty() && digits.size() <= 3 && digits.find_first_not_of("0123456789") == std::string::npos;
    WM_CHECK(number, code::kInvalidArgument, "Expected 'cpu', 'cuda', 'cuda:N' or 'auto' for device but received '",
             text, "'");
    index = std::stoi(digits);
  } else {
    WM_CHECK(text == "cuda", code::kInvalidArgument,
             "Expected 'cpu', 'cuda', 'cuda:N' or 'auto' for device but received '", text, "'");
  }
  WM_CHECK(devices > 0, code::kDevice, "Device '", text, "' was asked for but CUDA cannot be used: ", cuda_reason(),
           ". Use device 'cpu' or 'auto', and see: wordmask doctor");
  WM_CHECK(index < devices, code::kDevice, "Device '", text, "' was asked for but there are only ", devices,
           " CUDA devices");
  return c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

c10::ScalarType parse_dtype(const std::string& text, c10::Device device) {
  if (text == "float32") return at::kFloat;
  if (text == "bfloat16") return at::kBFloat16;
  if (text == "float16") return at::kHalf;
  WM_CHECK(text == "auto", code::kInvalidArgument,
           "Expected 'float32', 'bfloat16', 'float16' or 'auto' for dtype but received '", text, "'");
  return has_fast_bfloat16(device) ? at::kBFloat16 : at::kFloat;
}

bool has_native_bfloat16(c10::Device device) {
  if (device.is_cuda()) return true;
#if defined(__x86_64__)
  static const std::set<std::string> without{
      "SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"};
  return __builtin_cpu_supports("avx512bf16") && !without.contains(isa_limit());
#else
  return false;
#endif
}

bool has_fast_bfloat16(c10::Device device) {
  if (!has_native_bfloat16(device) || device.is_cuda()) return has_native_bfloat16(device);
#if defined(__x86_64__)
  static const std::set<std::string> without{"AVX512_CORE_BF16", "AVX512_CORE_FP16"};
  return !__builtin_cpu_is("intel") || (has_amx_bfloat16() && !without.contains(isa_limit()));
#else
  return true;
#endif
}

}  // namespace wordmask

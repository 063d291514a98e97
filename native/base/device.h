#pragma once
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace wordmask {

// "cpu" | "cuda" | "cuda:1" | "auto" (the first CUDA device, else the CPU). A CUDA request that cannot be met is
// ERR_WORDMASK_DEVICE with the reason; it never ends on the CPU.
c10::Device parse_device(const std::string& text);

// "float32" | "bfloat16" | "float16" | "auto" (bfloat16 where it is faster, else float32).
c10::ScalarType parse_dtype(const std::string& text, c10::Device device);

// Whether bfloat16 runs on native instructions here (AVX512-BF16 or AMX, honouring ONEDNN_MAX_CPU_ISA; any CUDA
// device).
bool has_native_bfloat16(c10::Device device);

// Whether products in bfloat16 are faster than in float32 too: not on Intel's processors without AMX, whose bfloat16
// instructions do twice the work of float32's in twice the time.
bool has_fast_bfloat16(c10::Device device);

}  // namespace wordmask

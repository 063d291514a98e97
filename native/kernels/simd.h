#pragma once
#include <ATen/Version.h>
#include <c10/util/BFloat16.h>

#include <cstdint>
#include <cstring>
#include <string>

// Sixteen floats in GCC's vector extension: one AVX-512 register, two of AVX2, four of SSE. A function that is compiled
// for several instruction sets inlines everything from here, so that one source serves them all.
#define WORDMASK_INLINE [[gnu::always_inline]] inline
#if defined(__x86_64__)
#define WORDMASK_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define WORDMASK_TARGET_AVX2 __attribute__((target("avx2,fma")))
#else
#define WORDMASK_TARGET_AVX512
#define WORDMASK_TARGET_AVX2
#endif

namespace wordmask::kernels::simd {

// What ATen's own kernels use here (ATEN_CPU_CAPABILITY can lower it).
enum class Isa { kDefault, kAvx2, kAvx512 };
inline Isa isa() {
  static const Isa value = [] {
    const std::string name = at::get_cpu_capability();
    return name == "AVX512" ? Isa::kAvx512 : name == "AVX2" ? Isa::kAvx2 : Isa::kDefault;
  }();
  return value;
}

constexpr int kLanes = 16;
using Floats = float __attribute__((vector_size(64)));
using Eight = float __attribute__((vector_size(32)));  // half of them, a register of AVX2
using Ints = int32_t __attribute__((vector_size(64)));
using Words = uint32_t __attribute__((vector_size(64)));
using Halves = uint16_t __attribute__((vector_size(32)));

// `kWide`: in AVX-512 code, where it is one broadcast; GCC 12 makes sixteen of the other form there, one a lane.
// Elsewhere the other form is the shorter one.
template <bool kWide = false>
WORDMASK_INLINE Floats splat(float value) {
  if constexpr (kWide) return __builtin_shuffle(Floats{value}, Ints{});
  return value - Floats{};
}

// Of another vector, such as eight floats, where that is said.
template <class Vector = Floats>
WORDMASK_INLINE Vector load(const float* from) {
  Vector result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}

WORDMASK_INLINE Floats load(const c10::BFloat16* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof(halves));
  return (Floats)(__builtin_convertvector(halves, Words) << 16);
}

template <class Vector>
WORDMASK_INLINE void store(float* to, Vector value) {
  std::memcpy(to, &value, sizeof(value));
}

// To nearest, ties to even; NaN stays NaN.
WORDMASK_INLINE void store(c10::BFloat16* to, Floats value) {
  const auto bits = (Words)value;
  const Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const Halves halves = __builtin_convertvector(value == value ? rounded : Words{} + 0x7fc0, Halves);
  std::memcpy(to, &halves, sizeof(halves));
}

// The first n < 16 of them; the rest reads as zero.
template <class T>
WORDMASK_INLINE Floats load(const T* from, int64_t n) {
  T part[kLanes]{};
  for (int64_t i = 0; i < n; ++i) part[i] = from[i];
  return load(part);
}

template <class T>
WORDMASK_INLINE void store(T* to, Floats value, int64_t n) {
  T part[kLanes];
  store(part, value);
  for (int64_t i = 0; i < n; ++i) to[i] = part[i];
}

WORDMASK_INLINE float sum(Floats value) {
  float total = 0;
  for (int lane = 0; lane < kLanes; ++lane) total += value[lane];
  return total;
}

WORDMASK_INLINE float maximum(Floats value) {
  float most = value[0];
  for (int lane = 1; lane < kLanes; ++lane) most = value[lane] > most ? value[lane] : most;
  return most;
}

// 2^x of any number of floats, for x <= 1 within 2 units of the last place; 0 below 2^-126; NaN stays NaN. Taylor
// series of 2^f on [-1/2, 1/2]: the first term left out is 5e-9.
template <class Vector>
WORDMASK_INLINE Vector exp2(Vector given) {
  using Integers = decltype(given < given);
  constexpr float kLowest = -126, kRounder = 12582912;  // 1.5 * 2^23: the sum's last bits are the rounded integer
  const Vector x = given < kLowest ? kLowest - Vector{} : given;
  const Vector shifted = x + kRounder;
  const Vector f = x - (shifted - kRounder);
  Vector power = 1.5252733804059841e-05F - Vector{};
  power = power * f + 1.5403530393381608e-04F;
  power = power * f + 1.3333558146428443e-03F;
  power = power * f + 9.6181291076284770e-03F;
  power = power * f + 5.5504108664821580e-02F;
  power = power * f + 2.4022650695910072e-01F;
  power = power * f + 6.9314718055994531e-01F;
  power = power * f + 1.0F;
  const auto scaled = (Vector)((Integers)power + ((Integers)shifted << 23));
  return given < kLowest ? Vector{} : scaled;
}

}  // namespace wordmask::kernels::simd

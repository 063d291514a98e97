#include "kernels/label_map/stretch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
// AVX2 without FMA: the same bits as the default clone.
#define WORDMASK_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WORDMASK_CLONES
#endif

namespace wordmask::kernels::label {

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNegligible = -30;  // exp of it is below half a unit of the last place of a float sum >= 1

using Float8 = float __attribute__((vector_size(32)));
using Int8 = int32_t __attribute__((vector_size(32)));

// Adds 1.5 * 2^23, which rounds to a whole number and leaves it in the low bits.
constexpr float kRound = 12582912.0f;
}  // namespace

std::vector<Tap> taps(int64_t size, int64_t cells, double extent) {
  std::vector<Tap> result(size);
  for (int64_t i = 0; i < size; ++i) {
    const double at = std::min(std::max((static_cast<double>(i) + 0.5) * extent / static_cast<double>(size) - 0.5, 0.0),
                               static_cast<double>(cells - 1));
    const auto low = static_cast<int64_t>(at);
    result[i] = {low, std::min(low + 1, cells - 1), static_cast<float>(at - static_cast<double>(low))};
  }
  return result;
}

WORDMASK_CLONES
void interpolate(const float* low, const float* high, float weight, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = low[i] + weight * (high[i] - low[i]);
}

// The bits of absolute values order like integers, with NaN above infinity.
WORDMASK_CLONES
float magnitude(const float* values, int64_t n) {
  uint32_t most = 0;
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    bits &= 0x7fffffffu;
    most = bits > most ? bits : most;
  }
  float result;
  std::memcpy(&result, &most, sizeof(result));
  return std::isfinite(result) ? result : kInfinity;
}

WORDMASK_CLONES
void best_of(const Ends& ends, const Weights& weights, const int32_t* classes, int64_t n, float* best, int32_t* index) {
  Float8 w0, w1, f0 = {}, f1 = {}, best0 = Float8{} - kInfinity, best1 = best0;
  Int8 index0 = {}, index1 = {};
  std::memcpy(&w0, weights.grid, sizeof(w0));
  std::memcpy(&w1, weights.grid + 8, sizeof(w1));
  const bool product = ends.factor_left != nullptr;
  if (product) {
    std::memcpy(&f0, weights.factor, sizeof(f0));
    std::memcpy(&f1, weights.factor + 8, sizeof(f1));
  }
  for (int64_t i = 0; i < n; ++i) {
    const int32_t t = classes[i];
    const float left = ends.left[t], rise = ends.right[t] - left;
    Float8 s0 = left + w0 * rise, s1 = left + w1 * rise;
    if (product) {
      const float base = ends.factor_left[t], slope = ends.factor_right[t] - base;
      s0 *= base + f0 * slope, s1 *= base + f1 * slope;
    }
    const Int8 better0 = s0 > best0, better1 = s1 > best1;
    best0 = better0 ? s0 : best0, best1 = better1 ? s1 : best1;
    index0 = better0 ? Int8{} + t : index0, index1 = better1 ? Int8{} + t : index1;
  }
  std::memcpy(best, &best0, sizeof(best0));
  std::memcpy(best + 8, &best1, sizeof(best1));
  std::memcpy(index, &index0, sizeof(index0));
  std::memcpy(index + 8, &index1, sizeof(index1));
}

WORDMASK_CLONES
void scores_of(const Ends& ends, const Weights& weights, const int32_t* classes, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i, out += kTogether) {
    const int32_t t = classes[i];
    const float left = ends.left[t], rise = ends.right[t] - left;
    for (int64_t p = 0; p < kTogether; ++p) out[p] = left + weights.grid[p] * rise;
    if (!ends.factor_left) continue;
    const float base = ends.factor_left[t], slope = ends.factor_right[t] - base;
    for (int64_t p = 0; p < kTogether; ++p) out[p] *= base + weights.factor[p] * slope;
  }
}

// exp(x) = 2^n * exp(r), r = x - n log 2 in [-log 2 / 2, log 2 / 2], by its Taylor series up to r^7 (2e-8 relative).
WORDMASK_CLONES
void softmax_sums(const float* scores, int64_t n, const float* best, float temperature, float* out) {
  for (int64_t p = 0; p < kTogether; p += 8) {
    Float8 top, sum = {};
    std::memcpy(&top, best + p, sizeof(top));
    for (int64_t i = 0; i < n; ++i) {
      Float8 x;
      std::memcpy(&x, scores + i * kTogether + p, sizeof(x));
      x = temperature * (x - top);
      const Int8 counts = x > kNegligible;
      x = x > 88.0f ? Float8{} + 88.0f : x;
      const Float8 whole = (x * 1.44269504f + kRound) - kRound;
      const Float8 r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
      Float8 e = r * (1.0f / 5040) + 1.0f / 720;
      e = e * r + 1.0f / 120;
      e = e * r + 1.0f / 24;
      e = e * r + 1.0f / 6;
      e = e * r + 0.5f;
      e = e * r + 1.0f;
      e = e * r + 1.0f;
      Int8 bits;
      std::memcpy(&bits, &e, sizeof(bits));
      const Float8 shifted = counts ? whole : Float8{};
      bits += __builtin_convertvector(shifted, Int8) << 23;
      bits &= counts;
      std::memcpy(&e, &bits, sizeof(e));
      sum += e;
    }
    std::memcpy(out + p, &sum, sizeof(sum));
  }
}

}  // namespace wordmask::kernels::label

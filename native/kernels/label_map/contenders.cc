#include <algorithm>
#include <functional>
#include <limits>

#include "kernels/label_map/stretch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace wordmask::kernels::label {

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Bounds {
  float low, high;
};

// Between which values the score of class t stays (but for rounding).
inline Bounds bounds(const Ends& ends, int64_t t) {
  const float a = ends.left[t], b = ends.right[t];
  if (!ends.factor_left) return {std::min(a, b), std::max(a, b)};
  const float c = ends.factor_left[t], d = ends.factor_right[t];
  return {std::min(std::min(a * c, a * d), std::min(b * c, b * d)),
          std::max(std::max(a * c, a * d), std::max(b * c, b * d))};
}

#if defined(__x86_64__)
#define WORDMASK_AVX2 __attribute__((target("avx2")))

WORDMASK_AVX2 inline void bounds_avx2(const Ends& ends, int64_t t, __m256& low, __m256& high) {
  const __m256 a = _mm256_loadu_ps(ends.left + t), b = _mm256_loadu_ps(ends.right + t);
  low = _mm256_min_ps(a, b), high = _mm256_max_ps(a, b);
  if (!ends.factor_left) return;
  const __m256 c = _mm256_loadu_ps(ends.factor_left + t), d = _mm256_loadu_ps(ends.factor_right + t);
  const __m256 ac = _mm256_mul_ps(a, c), ad = _mm256_mul_ps(a, d), bc = _mm256_mul_ps(b, c), bd = _mm256_mul_ps(b, d);
  low = _mm256_min_ps(_mm256_min_ps(ac, ad), _mm256_min_ps(bc, bd));
  high = _mm256_max_ps(_mm256_max_ps(ac, ad), _mm256_max_ps(bc, bd));
}

WORDMASK_AVX2 float lows_avx2(const Ends& ends, int64_t classes, float* out) {
  __m256 most = _mm256_set1_ps(-kInfinity), low, high;
  for (int64_t t = 0; t < classes; t += 8) {
    bounds_avx2(ends, t, low, high);
    _mm256_storeu_ps(out + t, low);
    most = _mm256_max_ps(most, low);
  }
  float lanes[8], result = -kInfinity;
  _mm256_storeu_ps(lanes, most);
  for (const float lane : lanes) result = std::max(result, lane);
  return result;
}

WORDMASK_AVX2 int64_t above_avx2(const Ends& ends, int64_t classes, float limit, int32_t* out) {
  const __m256 limits = _mm256_set1_ps(limit);
  __m256 low, high;
  int64_t n = 0;
  for (int64_t t = 0; t < classes; t += 8) {
    bounds_avx2(ends, t, low, high);
    auto mask = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(high, limits, _CMP_GE_OQ)));
    for (; mask; mask &= mask - 1) out[n++] = static_cast<int32_t>(t + __builtin_ctz(mask));
  }
  return n;
}

bool avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}
#endif
}  // namespace

int64_t contenders(const Ends& ends, int64_t classes, int64_t k, float slack, float* scratch, int32_t* out) {
  int64_t whole = 0;
  float most = -kInfinity;
#if defined(__x86_64__)
  if (avx2()) {
    whole = classes / 8 * 8;
    most = lows_avx2(ends, whole, scratch);
  }
#endif
  for (int64_t t = whole; t < classes; ++t) {
    scratch[t] = bounds(ends, t).low;
    most = std::max(most, scratch[t]);
  }
  if (k > 1) {
    std::nth_element(scratch, scratch + k - 1, scratch + classes, std::greater<>());
    most = scratch[k - 1];
  }
  const float limit = most - slack;
  int64_t n = 0;
#if defined(__x86_64__)
  if (avx2()) n = above_avx2(ends, whole, limit, out);
#endif
  for (int64_t t = whole; t < classes; ++t) {
    if (bounds(ends, t).high >= limit) out[n++] = static_cast<int32_t>(t);
  }
  return n;
}

}  // namespace wordmask::kernels::label

#include "kernels/resize_normalize/passes.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#define WORDMASK_AVX2 __attribute__((target("avx2")))
#endif

namespace wordmask::kernels::resize {

namespace {
constexpr int32_t kHalf = 1 << (kFraction - 1);

uint8_t cut(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kFraction, 0, 255)); }
}  // namespace

void across_plain(const uint8_t* rows, int64_t pitch, const Taps& taps, uint8_t* const* out) {
  for (int64_t r = 0; r < kRowsTogether; ++r) {
    for (size_t i = 0; i < taps.first.size(); ++i) {
      const int32_t* weight = taps.weight.data() + i * taps.stride;
      const uint8_t* from = rows + r * pitch + (taps.first[i] - taps.begin) * 3;
      int32_t red = kHalf, green = kHalf, blue = kHalf;
      for (int64_t t = 0; t < taps.length[i]; ++t) {
        red += weight[t] * from[3 * t];
        green += weight[t] * from[3 * t + 1];
        blue += weight[t] * from[3 * t + 2];
      }
      uint8_t* pixel = out[r] + i * kChannels;
      pixel[0] = cut(red), pixel[1] = cut(green), pixel[2] = cut(blue), pixel[3] = 0;
    }
  }
}

void down_plain(const uint8_t* const* rows, const int32_t* weight, int64_t length, int64_t bytes, uint8_t* out) {
  for (int64_t at = 0; at < bytes; at += kBytesTogether) {
    int32_t sum[kBytesTogether];
    std::fill_n(sum, kBytesTogether, kHalf);
    for (int64_t t = 0; t < length; ++t) {
      for (int64_t i = 0; i < kBytesTogether; ++i) sum[i] += weight[t] * rows[t][at + i];
    }
    for (int64_t i = 0; i < kBytesTogether; ++i) out[at + i] = cut(sum[i]);
  }
}

#if defined(__x86_64__)
namespace {
// Four taps of one row: their reds, greens and blues become pairs of 16-bit numbers, two taps a half of the vector.
WORDMASK_AVX2 inline __m256i pairs_of(const uint8_t* pixels) {
  const __m256i order = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                         6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), order);
}

// Weights 0, 1 beside each other in the lower half, 2, 3 in the upper.
WORDMASK_AVX2 inline __m256i pairs_of(const int16_t* weight) {
  const __m256i halves = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m128i four = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(weight));
  return _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(four), halves);
}

// A sum may pass 2^31 on its way: it wraps, and the whole, which fits, comes out right.
WORDMASK_AVX2 inline __m128i joined(__m256i high, __m256i low) {
  const __m256i both = _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), low);
  const __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  return _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kHalf)), kFraction);
}

WORDMASK_AVX2 void across_avx2(const uint8_t* rows, int64_t pitch, const Taps& taps, uint8_t* const* out) {
  static_assert(kRowsTogether == 4 && Taps::kTogether == 4);
  const auto count = static_cast<int64_t>(taps.first.size());
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* from = rows + (taps.first[i] - taps.begin) * 3;
    const int16_t *high = taps.high.data() + i * taps.stride, *low = taps.low.data() + i * taps.stride;
    __m256i h0 = _mm256_setzero_si256(), h1 = h0, h2 = h0, h3 = h0, l0 = h0, l1 = h0, l2 = h0, l3 = h0;
    for (int64_t t = 0; t < taps.length[i]; t += Taps::kTogether) {
      const __m256i wh = pairs_of(high + t), wl = pairs_of(low + t);
      const __m256i p0 = pairs_of(from + 3 * t), p1 = pairs_of(from + pitch + 3 * t);
      const __m256i p2 = pairs_of(from + 2 * pitch + 3 * t), p3 = pairs_of(from + 3 * pitch + 3 * t);
      h0 = _mm256_add_epi32(h0, _mm256_madd_epi16(p0, wh)), l0 = _mm256_add_epi32(l0, _mm256_madd_epi16(p0, wl));
      h1 = _mm256_add_epi32(h1, _mm256_madd_epi16(p1, wh)), l1 = _mm256_add_epi32(l1, _mm256_madd_epi16(p1, wl));
      h2 = _mm256_add_epi32(h2, _mm256_madd_epi16(p2, wh)), l2 = _mm256_add_epi32(l2, _mm256_madd_epi16(p2, wl));
      h3 = _mm256_add_epi32(h3, _mm256_madd_epi16(p3, wh)), l3 = _mm256_add_epi32(l3, _mm256_madd_epi16(p3, wl));
    }
    // Packing saturates, which is the cut to a byte.
    const __m128i upper = _mm_packs_epi32(joined(h0, l0), joined(h1, l1));
    const __m128i lower = _mm_packs_epi32(joined(h2, l2), joined(h3, l3));
    const __m128i pixels = _mm_packus_epi16(upper, lower);
    _mm_storeu_si32(out[0] + i * kChannels, pixels);
    _mm_storeu_si32(out[1] + i * kChannels, _mm_srli_si128(pixels, 4));
    _mm_storeu_si32(out[2] + i * kChannels, _mm_srli_si128(pixels, 8));
    _mm_storeu_si32(out[3] + i * kChannels, _mm_srli_si128(pixels, 12));
  }
}

WORDMASK_AVX2 inline __m256i weighted(const uint8_t* bytes, __m256i weight) {
  const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes));
  return _mm256_mullo_epi32(_mm256_cvtepu8_epi32(eight), weight);
}

WORDMASK_AVX2 void down_avx2(const uint8_t* const* rows, const int32_t* weight, int64_t length, int64_t bytes,
                             uint8_t* out) {
  static_assert(kBytesTogether == 16);
  for (int64_t at = 0; at < bytes; at += kBytesTogether) {
    __m256i a = _mm256_set1_epi32(kHalf), b = a;
    for (int64_t t = 0; t < length; ++t) {
      const __m256i w = _mm256_set1_epi32(weight[t]);
      a = _mm256_add_epi32(a, weighted(rows[t] + at, w));
      b = _mm256_add_epi32(b, weighted(rows[t] + at + 8, w));
    }
    // Packing works within halves: four of a, four of b, four of a, four of b; the permutation puts them in order.
    const __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(a, kFraction), _mm256_srai_epi32(b, kFraction));
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0b11011000);
    const __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at), packed);
  }
}

bool avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}
}  // namespace

void across(const uint8_t* rows, int64_t pitch, const Taps& taps, uint8_t* const* out) {
  avx2() ? across_avx2(rows, pitch, taps, out) : across_plain(rows, pitch, taps, out);
}

void down(const uint8_t* const* rows, const int32_t* weight, int64_t length, int64_t bytes, uint8_t* out) {
  avx2() ? down_avx2(rows, weight, length, bytes, out) : down_plain(rows, weight, length, bytes, out);
}
#else
void across(const uint8_t* rows, int64_t pitch, const Taps& taps, uint8_t* const* out) {
  across_plain(rows, pitch, taps, out);
}

void down(const uint8_t* const* rows, const int32_t* weight, int64_t length, int64_t bytes, uint8_t* out) {
  down_plain(rows, weight, length, bytes, out);
}
#endif

}  // namespace wordmask::kernels::resize

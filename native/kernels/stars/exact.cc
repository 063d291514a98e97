#include "kernels/stars/exact.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WORDMASK_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WORDMASK_CLONES
#endif

namespace wordmask::kernels {

WORDMASK_CLONES double exact_product(const float* a, const float* b, int64_t size) {
  constexpr int kSums = 8;
  double sums[kSums] = {};
  int64_t i = 0;
  for (; i + kSums <= size; i += kSums)
    for (int lane = 0; lane < kSums; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  for (; i < size; ++i) sums[i % kSums] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace wordmask::kernels

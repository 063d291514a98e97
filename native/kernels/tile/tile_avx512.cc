#include "kernels/tile/tile.h"

#ifdef WORDMASK_TILE_X86
#include <immintrin.h>

// The form with a mask: of the other one g++ 12 warns that it reads what was never set.
#define WORDMASK_READ_HALF(from) \
  _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))

namespace wordmask::kernels {

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace avx512 {
constexpr int kLanes = 16, kRows = 12, kVectors = 2;
#include "kernels/tile/tile_body.h"

// Two bfloat16 products a lane and instruction, summed in float: twice the rate of `multiply`.
__attribute__((target("avx512bf16"))) void multiply_pairs(const float* rows, int64_t stride, const float* panel,
                                                          int64_t units, float* out, int64_t out_stride) {
  for (int64_t begin = 0; begin == 0 || begin < units; begin += kSummed) {
    const int64_t end = units - begin < kSummed ? units : begin + kSummed;
    Vector sums[kRows][kVectors] = {};
    for (int64_t u = begin; u < end; ++u) {
      __m512bh columns[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) columns[v] = (__m512bh)_mm512_loadu_si512(panel + u * kColumns + v * kLanes);
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        const auto x = (__m512bh)_mm512_set1_ps(rows[r * stride + u]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], x, columns[v]);
      }
    }
    add_block(sums, begin == 0, out, out_stride);
  }
}
}  // namespace avx512
#pragma GCC pop_options

const TileKernels kAvx512Tile = avx512::table("avx512", nullptr);
const TileKernels kAvx512Bfloat16Tile = avx512::table("avx512_bf16", avx512::multiply_pairs);

}  // namespace wordmask::kernels
#endif

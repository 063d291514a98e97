#include "kernels/tile/tile.h"

#ifdef WORDMASK_TILE_X86
#include <immintrin.h>

#define WORDMASK_READ_HALF(from) _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))

namespace wordmask::kernels {

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
namespace avx2 {
constexpr int kLanes = 8, kRows = 6, kVectors = 2;
#include "kernels/tile/tile_body.h"
}  // namespace avx2
#pragma GCC pop_options

const TileKernels kAvx2Tile = avx2::table("avx2", nullptr);

}  // namespace wordmask::kernels
#endif

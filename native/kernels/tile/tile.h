// The inner loops that max_affinity and topk_similarity share, one set for each instruction set; chosen once a process.
#pragma once
#include <cstdint>
#include <utility>

namespace wordmask::kernels {

// Every product is summed over its units in order, in one accumulator, by fused multiply-add: its bits depend neither
// on its place in a tile nor on the width of the vectors. `base` (x86 without AVX2 and FMA, other machines) rounds each
// product once more. `rows` and `panel` hold 32-bit units: a float, or a pair of bfloat16 for `multiply_pairs`.
struct TileKernels {
  const char* name;       // "base", "avx2", "avx512" or "avx512_bf16"
  int64_t rows, columns;  // of the tile that stays in registers

  // out[r * out_stride + c] = sum over u of rows[r * stride + u] * panel[u * columns + c]
  using Multiply = void (*)(const float* rows, int64_t stride, const float* panel, int64_t units, float* out,
                            int64_t out_stride);
  Multiply multiply;
  Multiply multiply_pairs;  // null where the machine has no bfloat16 product

  // dots[r] = <rows[r], query>, summed in 64 lanes and then across them in a fixed order; `query` is padded with zeros
  // to a multiple of 64. The rows are read as they are stored: float, or the bits of float16 or bfloat16.
  using Dots = void (*)(const void* const* rows, int64_t count, const float* query, int64_t size, float* dots);
  Dots dots, dots_half, dots_bfloat16;

  // float16 or bfloat16 bits to float
  using Widen = void (*)(const uint16_t* from, int64_t size, float* to);
  Widen widen_half, widen_bfloat16;

  // max over i of scores[i] * weights[i]; -inf where size is 0
  float (*row_maximum)(const float* scores, const float* weights, int64_t size);
  // maxima[i] = max(maxima[i], scores[i] * weight)
  void (*column_maxima)(const float* scores, float weight, int64_t size, float* maxima);
  // whether any scores[i] >= floors[i]; false for NaN
  bool (*any_reaches)(const float* scores, const float* floors, int64_t size);
};

extern const TileKernels kBaseTile;
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WORDMASK_TILE_X86 1
extern const TileKernels kAvx2Tile, kAvx512Tile, kAvx512Bfloat16Tile;  // with the products of bfloat16 pairs: the last
#endif

// The widest that this machine runs and ATEN_CPU_CAPABILITY (LibTorch's own limit: default, avx2, avx512) allows.
const TileKernels& tile_kernels();
// For tests: "base", "avx2", "avx512", "avx512_bf16"; null goes back. False when this machine cannot run it.
bool limit_tile_kernels(const char* name);

}  // namespace wordmask::kernels

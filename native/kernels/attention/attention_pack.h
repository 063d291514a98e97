#pragma once
#include <algorithm>

#include "kernels/simd.h"

// A head's rows as the tiles of attention_tile.h read them.
namespace wordmask::kernels::attention_tile {

using simd::Floats;
using simd::kLanes;

constexpr int64_t kQueries = 48;     // rows of one block; a multiple of every R
constexpr int64_t kKeys = 512;       // keys seen between two rescalings: 48 x 512 scores lie in the second cache
constexpr int64_t kMaxColumns = 64;  // widest tile, V = 4

inline int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// All of a head's rows are `stride` elements apart; d numbers each.
template <class T>
struct Head {
  const T *q, *k, *v;
  T* out;
  int64_t q_stride, k_stride, v_stride, out_stride;
  int64_t queries, keys, d;
  int64_t first_query;  // of the whole sequence, for the causal limit
  bool causal;
};

// 16 rows of 16 become 16 columns: four rounds of interleaving.
WORDMASK_INLINE void transpose(Floats (&rows)[kLanes]) {
  using simd::Ints;
  constexpr Ints low{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
  constexpr Ints high{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
#pragma GCC unroll 4
  for (int round = 0; round < 4; ++round) {
    Floats next[kLanes];
#pragma GCC unroll 8
    for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = __builtin_shuffle(rows[i], rows[i + 8], low);
      next[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + 8], high);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
}

template <int V, class T>
WORDMASK_INLINE void pack_keys(const Head<T>& head, float* to) {
  constexpr int64_t kColumns = V * kLanes;
  const int64_t d = head.d;
  for (int64_t from = 0; from < round_up(head.keys, kColumns); from += kLanes) {
    float* panel = to + from / kColumns * d * kColumns + from % kColumns;
    for (int64_t c = 0; c < d; c += kLanes) {
      const int64_t width = std::min<int64_t>(kLanes, d - c);
      Floats rows[kLanes];
      for (int64_t r = 0; r < kLanes; ++r) {
        const T* row = head.k + (from + r) * head.k_stride + c;
        rows[r] = from + r >= head.keys ? Floats{} : width == kLanes ? simd::load(row) : simd::load(row, width);
      }
      transpose(rows);
      for (int64_t r = 0; r < width; ++r) simd::store(panel + (c + r) * kColumns, rows[r]);
    }
  }
}

template <int V, class T>
WORDMASK_INLINE void pack_values(const Head<T>& head, float* to) {
  constexpr int64_t kColumns = V * kLanes;
  for (int64_t from = 0; from < round_up(head.d, kColumns); from += kLanes) {
    float* panel = to + from / kColumns * head.keys * kColumns + from % kColumns;
    const int64_t width = std::clamp<int64_t>(head.d - from, 0, kLanes);
    for (int64_t j = 0; j < head.keys; ++j) {
      const T* row = head.v + j * head.v_stride + from;
      simd::store(panel + j * kColumns, width == kLanes ? simd::load(row) : simd::load(row, width));
    }
  }
}

// Rows beyond `queries` are zeros, so that every tile is whole.
template <class T>
WORDMASK_INLINE void load_queries(const Head<T>& head, int64_t begin, int64_t count, float* to) {
  for (int64_t r = 0; r < kQueries; ++r) {
    const T* row = head.q + (begin + r) * head.q_stride;
    for (int64_t c = 0; c < head.d; ++c) to[r * head.d + c] = r < count ? static_cast<float>(row[c]) : 0;
  }
}

}  // namespace wordmask::kernels::attention_tile

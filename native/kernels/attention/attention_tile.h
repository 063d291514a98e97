#pragma once
#include <cmath>
#include <limits>

#include "kernels/attention/attention_pack.h"

// One head of one image: the loops of attention_cpu.cc, inlined into a function for each instruction set. `R` rows x
// `V` vectors of sums stay in registers: 6 x 4 fill the 32 of AVX-512, 2 x 2 the 16 of AVX2.
namespace wordmask::kernels::attention_tile {

// Scratch of a thread, reused head after head.
struct Scratch {
  float* keys;    // panels of V * 16 keys: [panel][d][V * 16], the last one filled up with zeros
  float* values;  // panels of V * 16 columns: [panel][keys][V * 16]
  float* query;   // [kQueries][d]
  float* scores;  // [kQueries][kKeys rounded up]
  float* sums;    // [panel][kQueries][V * 16]
};

struct ScratchSizes {
  int64_t keys, values, query, scores, sums;
  ScratchSizes(int64_t n, int64_t d)
      : keys(round_up(n, kMaxColumns) * d),
        values(n * round_up(d, kMaxColumns)),
        query(kQueries * d),
        scores(kQueries * round_up(kKeys, kMaxColumns)),
        sums(kQueries * round_up(d, kMaxColumns)) {}
  int64_t total() const { return keys + values + query + scores + sums; }
};

// c[r][0 .. V * 16) += sum over i < n of a[r * a_stride + i] * b[i * V * 16 ..]
template <int R, int V>
WORDMASK_INLINE void multiply(const float* a, int64_t a_stride, const float* b, int64_t n, float* c, int64_t c_stride,
                              bool add) {
  Floats acc[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] = add ? simd::load(c + r * c_stride + v * kLanes) : Floats{};
  for (int64_t i = 0; i < n; ++i) {
    Floats column[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) column[v] = simd::load(b + i * V * kLanes + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Floats factor = simd::splat<V == 4>(a[r * a_stride + i]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) acc[r][v] += factor * column[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) simd::store(c + r * c_stride + v * kLanes, acc[r][v]);
}

struct Running {
  float most, total;
};

// Scores of a row -> 2^((score - most) * c), with `most` over this and earlier keys: exactly 1 for the largest. Returns
// what earlier sums shrink by.
WORDMASK_INLINE float soften(float* row, int64_t visible, int64_t keys, float c, Running& running) {
  const float least = -std::numeric_limits<float>::infinity();
  const int64_t padded = round_up(keys, kLanes);
  for (int64_t j = visible; j < padded; ++j) row[j] = least;
  Floats most = simd::splat(running.most);
  for (int64_t j = 0; j < padded; j += kLanes) {
    const Floats score = simd::load(row + j);
    most = score > most ? score : most;
  }
  const float before = running.most;
  running.most = simd::maximum(most);
  Floats total{};
  for (int64_t j = 0; j < padded; j += kLanes) {
    const Floats weight = simd::exp2((simd::load(row + j) - running.most) * c);
    simd::store(row + j, weight);
    total += weight;
  }
  const float shrink = before == least ? 0 : std::exp2((before - running.most) * c);
  running.total = running.total * shrink + simd::sum(total);
  return shrink;
}

template <int R, int V, class T>
WORDMASK_INLINE void attend_block(const Head<T>& head, int64_t begin, int64_t count, const Scratch& scratch) {
  constexpr int64_t kColumns = V * kLanes, kStride = kKeys;
  const int64_t d = head.d, rows = round_up(count, R), columns = round_up(d, kColumns);
  const float c = 1.4426950408889634F / std::sqrt(static_cast<float>(d));  // log2(e)
  load_queries(head, begin, count, scratch.query);
  Running running[kQueries];
  for (auto& row : running) row = {-std::numeric_limits<float>::infinity(), 0};
  const int64_t seen = head.causal ? std::min(head.keys, head.first_query + begin + count) : head.keys;
  for (int64_t from = 0; from < seen; from += kKeys) {
    const int64_t keys = std::min(kKeys, seen - from);
    for (int64_t j = 0; j < keys; j += kColumns) {
      const float* panel = scratch.keys + (from + j) / kColumns * d * kColumns;
      for (int64_t r = 0; r < rows; r += R)
        multiply<R, V>(scratch.query + r * d, d, panel, d, scratch.scores + r * kStride + j, kStride, false);
    }
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t limit = head.causal ? head.first_query + begin + r + 1 - from : keys;
      const float shrink =
          soften(scratch.scores + r * kStride, std::clamp<int64_t>(limit, 0, keys), keys, c, running[r]);
      if (from > 0)
        for (int64_t j = 0; j < columns; ++j)
          scratch.sums[j / kColumns * kQueries * kColumns + r * kColumns + j % kColumns] *= shrink;
    }
    for (int64_t j = 0; j < columns; j += kColumns) {
      const float* panel = scratch.values + j * head.keys + from * kColumns;
      for (int64_t r = 0; r < rows; r += R)
        multiply<R, V>(scratch.scores + r * kStride, kStride, panel, keys, scratch.sums + j * kQueries + r * kColumns,
                       kColumns, from > 0);
    }
  }
  for (int64_t r = 0; r < count; ++r) {
    const float inverse = 1 / running[r].total;
    for (int64_t j = 0; j < d; j += kLanes) {
      const Floats value =
          simd::load(scratch.sums + j / kColumns * kQueries * kColumns + r * kColumns + j % kColumns) * inverse;
      T* to = head.out + (begin + r) * head.out_stride + j;
      if (d - j >= kLanes) {
        simd::store(to, value);
      } else {
        simd::store(to, value, d - j);
      }
    }
  }
}

template <int R, int V, class T>
WORDMASK_INLINE void attend(const Head<T>& head, const Scratch& scratch) {
  pack_keys<V>(head, scratch.keys);
  pack_values<V>(head, scratch.values);
  for (int64_t begin = 0; begin < head.queries; begin += kQueries)
    attend_block<R, V>(head, begin, std::min(kQueries, head.queries - begin), scratch);
}

}  // namespace wordmask::kernels::attention_tile

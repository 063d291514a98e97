// Bound: an iteration moves each pixel's row once to every corner of its simplex and back, and each point's row four
// times an axis. A row is 32 to 128 bytes, so that whole cache lines are used, and the rows of a block (some 14 to 40
// MB for half a megapixel) stay in the outer caches from pass to pass.
#include "kernels/dense_crf/rows.h"

#include <cstring>

#include "kernels/simd.h"

namespace wordmask::kernels::crf {

namespace {
constexpr int kLanes = LabelBlock::kLanes;
using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));

WORDMASK_INLINE Vector load(const float* from) {
  Vector result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}
WORDMASK_INLINE void store(float* to, const Vector& value) { std::memcpy(to, &value, sizeof(value)); }

template <int V>
WORDMASK_INLINE void splat_body(const Lattice& lattice, const float* in, float* values, int64_t begin, int64_t end) {
  constexpr int64_t kWidth = V * kLanes;
  for (int64_t i = begin; i < end; ++i) {
    Vector sum[V] = {};
    for (auto k = lattice.begin[i]; k < lattice.begin[i + 1]; ++k) {
      const float* row = in + lattice.pixel[k] * kWidth;
      for (int v = 0; v < V; ++v) sum[v] += lattice.given[k] * load(row + v * kLanes);
    }
    for (int v = 0; v < V; ++v) store(values + i * kWidth + v * kLanes, sum[v]);
  }
}

template <int V>
WORDMASK_INLINE void blur_body(const Lattice& lattice, int j, const float* from, float* to, int64_t begin,
                               int64_t end) {
  constexpr int64_t kWidth = V * kLanes;
  const auto* pairs = lattice.neighbours.data() + j * lattice.points * 2;
  for (int64_t i = begin; i < end; ++i) {
    const float *own = from + i * kWidth, *a = from + pairs[2 * i] * kWidth, *b = from + pairs[2 * i + 1] * kWidth;
    for (int v = 0; v < V * kLanes; v += kLanes)
      store(to + i * kWidth + v, load(own + v) + 0.5f * (load(a + v) + load(b + v)));
  }
}

template <int V>
WORDMASK_INLINE void slice_body(const Message* messages, size_t count, const float* unary, int64_t labels,
                                const LabelBlock& block, int64_t begin, int64_t end) {
  constexpr int64_t kWidth = V * kLanes;
  float start[kWidth];
  std::fill_n(start, kWidth, kNoLabel);
  for (int64_t p = begin; p < end; ++p) {
    std::memcpy(start, unary + p * labels + block.first, block.count * sizeof(float));
    Vector result[V];
    for (int v = 0; v < V; ++v) result[v] = load(start + v * kLanes);
    for (size_t m = 0; m < count; ++m) {
      const Lattice& lattice = *messages[m].lattice;
      Vector sum[V] = {};
      for (int64_t k = p * lattice.corners; k < (p + 1) * lattice.corners; ++k) {
        const float* row = messages[m].values + lattice.point[k] * kWidth;
        for (int v = 0; v < V; ++v) sum[v] += lattice.weight[k] * load(row + v * kLanes);
      }
      for (int v = 0; v < V; ++v) result[v] += messages[m].gain * sum[v];
    }
    for (int v = 0; v < V; ++v) store(block.row(p) + v * kLanes, result[v]);
  }
}

WORDMASK_INLINE void softmax_body(const LabelBlocks& blocks, int64_t begin, int64_t end) {
  constexpr float kLog2E = 1.44269504088896341f;
  for (int64_t p = begin; p < end; ++p) {
    Vector most = load(blocks.begin()->row(p));
    for (const LabelBlock& block : blocks) {
      for (const float *at = block.row(p), *last = at + block.width(); at < last; at += kLanes) {
        const Vector value = load(at);
        most = value > most ? value : most;
      }
    }
    float largest = most[0];
    for (int lane = 1; lane < kLanes; ++lane) largest = most[lane] > largest ? most[lane] : largest;
    Vector sums = {};
    for (const LabelBlock& block : blocks) {
      for (float *at = block.row(p), *last = at + block.width(); at < last; at += kLanes) {
        const Vector power = simd::exp2((load(at) - largest) * kLog2E);
        store(at, power);
        sums += power;
      }
    }
    float sum = 0;
    for (int lane = 0; lane < kLanes; ++lane) sum += sums[lane];
    const float share = 1 / sum;
    for (const LabelBlock& block : blocks)
      for (float *at = block.row(p), *last = at + block.width(); at < last; at += kLanes) store(at, load(at) * share);
  }
}

// One clone of everything for an instruction set.
#define WORDMASK_ROW_PASSES(Name, target)                                                                              \
  struct Name {                                                                                                        \
    template <int V>                                                                                                   \
    target static void splat(const Lattice& lattice, const float* in, float* values, int64_t begin, int64_t end) {     \
      splat_body<V>(lattice, in, values, begin, end);                                                                  \
    }                                                                                                                  \
    template <int V>                                                                                                   \
    target static void blur(const Lattice& lattice, int j, const float* from, float* to, int64_t begin, int64_t end) { \
      blur_body<V>(lattice, j, from, to, begin, end);                                                                  \
    }                                                                                                                  \
    template <int V>                                                                                                   \
    target static void slice(const Message* messages, size_t count, const float* unary, int64_t labels,                \
                             const LabelBlock& block, int64_t begin, int64_t end) {                                    \
      slice_body<V>(messages, count, unary, labels, block, begin, end);                                                \
    }                                                                                                                  \
    target static void softmax(const LabelBlocks& blocks, int64_t begin, int64_t end) {                                \
      softmax_body(blocks, begin, end);                                                                                \
    }                                                                                                                  \
  };
WORDMASK_ROW_PASSES(Wide, WORDMASK_TARGET_AVX2)
WORDMASK_ROW_PASSES(Plain, )

template <class Clone, int V>
constexpr RowPasses kPasses{Clone::template splat<V>, Clone::template blur<V>, Clone::template slice<V>};
template <class Clone>
constexpr RowPasses kAll[LabelBlock::kMostVectors] = {kPasses<Clone, 1>, kPasses<Clone, 2>, kPasses<Clone, 3>,
                                                      kPasses<Clone, 4>};

bool wide() { return simd::isa() != simd::Isa::kDefault; }
}  // namespace

const RowPasses& row_passes(int vectors) { return (wide() ? kAll<Wide> : kAll<Plain>)[vectors - 1]; }

void softmax_rows(const LabelBlocks& blocks, int64_t begin, int64_t end) {
  (wide() ? Wide::softmax : Plain::softmax)(blocks, begin, end);
}

}  // namespace wordmask::kernels::crf

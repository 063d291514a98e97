// Bound: of every label each pixel reads its neighbours, 48 as a rule, and multiplies and adds once for each. A block
// of labels of the rows within reach stays in the second cache; the weights, 192 bytes a pixel, are read once a block.
#include "kernels/pamr/passes.h"

#include <cmath>
#include <cstring>

#include "kernels/simd.h"

namespace wordmask::kernels {

namespace {
using Vector = float __attribute__((vector_size(LabelBlock::kLanes * sizeof(float))));

WORDMASK_INLINE Vector load(const float* from) {
  Vector result;
  std::memcpy(&result, from, sizeof(result));
  return result;
}

// 1 / (0.1 sd + 1e-8) of values in 0..1, for values in 0..255: their sums are whole numbers.
float inverse_deviation(int64_t sum, int64_t squares, int64_t count) {
  const double n = static_cast<double>(count);
  const double variance =
      (static_cast<double>(squares) - static_cast<double>(sum) * static_cast<double>(sum) / n) / (n - 1);
  return static_cast<float>(1 / (0.1 * std::sqrt(std::max(variance, 0.0)) + 255e-8));
}

// weights[n] = the affinity of neighbour n, at most 0
void affinities(const uint8_t* rgb, const uint8_t* own, const int64_t* places, int64_t count, float* weights) {
  constexpr int64_t kAround = Neighbours::kAround.size();
  std::fill_n(weights, count, 0.0f);
  for (int c = 0; c < 3; ++c) {
    const int64_t centre = own[c], repeats = count / kAround;
    int64_t sum = repeats * centre, squares = repeats * centre * centre;
    for (int64_t n = 0; n < count; ++n) {
      const int64_t value = rgb[places[n] * 3 + c];
      sum += value, squares += value * value;
    }
    const float inverse = inverse_deviation(sum, squares, count + repeats) / -3;
    for (int64_t n = 0; n < count; ++n)
      weights[n] += static_cast<float>(std::abs(static_cast<int>(rgb[places[n] * 3 + c]) - own[c])) * inverse;
  }
}

WORDMASK_INLINE void softmax_body(float* values, int64_t count) {
  constexpr float kLog2E = 1.44269504088896341f;
  float most = values[0];
  for (int64_t n = 1; n < count; ++n) most = values[n] > most ? values[n] : most;
  Vector sums = {};
  for (int64_t n = 0; n < count; n += LabelBlock::kLanes) {
    const Vector power = simd::exp2((load(values + n) - most) * kLog2E);
    std::memcpy(values + n, &power, sizeof(power));
    sums += power;
  }
  float sum = 0;
  for (int lane = 0; lane < LabelBlock::kLanes; ++lane) sum += sums[lane];
  for (int64_t n = 0; n < count; ++n) values[n] /= sum;
}

template <int V>
WORDMASK_INLINE void mean_body(const float* weights, const int64_t* places, int64_t count, const float* from,
                               float* to) {
  constexpr int64_t kWidth = V * LabelBlock::kLanes;
  Vector sum[V] = {};
  for (int64_t n = 0; n < count; ++n) {
    const float* row = from + places[n] * kWidth;
    for (int v = 0; v < V; ++v) sum[v] += weights[n] * load(row + v * LabelBlock::kLanes);
  }
  std::memcpy(to, sum, sizeof(sum));
}

// One clone of everything for an instruction set.
#define WORDMASK_PAMR_PASSES(Name, target)                                                                 \
  struct Name {                                                                                            \
    target static void softmax(float* values, int64_t count) { softmax_body(values, count); }              \
    template <int V>                                                                                       \
    target static void mean(const float* weights, const int64_t* places, int64_t count, const float* from, \
                            float* to) {                                                                   \
      mean_body<V>(weights, places, count, from, to);                                                      \
    }                                                                                                      \
  };
WORDMASK_PAMR_PASSES(Wide, WORDMASK_TARGET_AVX2)
WORDMASK_PAMR_PASSES(Plain, )

using Mean = void (*)(const float*, const int64_t*, int64_t, const float*, float*);
template <class Clone>
constexpr Mean kMeans[] = {Clone::template mean<1>, Clone::template mean<2>, Clone::template mean<3>,
                           Clone::template mean<4>};
static_assert(std::size(kMeans<Plain>) == LabelBlock::kMostVectors);

bool wide() { return simd::isa() != simd::Isa::kDefault; }
}  // namespace

void affinity_row(const Neighbours& neighbours, const uint8_t* rgb, int64_t width, int64_t y, float* weights) {
  const auto count = static_cast<int64_t>(neighbours.size());
  const auto softmax = wide() ? Wide::softmax : Plain::softmax;
  neighbours.for_row(y, [&](int64_t x, const int64_t* places) {
    float* own = weights + (y * width + x) * count;
    affinities(rgb, rgb + (y * width + x) * 3, places, count, own);
    softmax(own, count);
  });
}

void mean_row(const Neighbours& neighbours, const float* weights, int64_t width, int64_t y, const LabelBlock& from,
              const LabelBlock& to) {
  const auto count = static_cast<int64_t>(neighbours.size());
  const auto mean = (wide() ? kMeans<Wide> : kMeans<Plain>)[from.vectors - 1];
  neighbours.for_row(y, [&](int64_t x, const int64_t* places) {
    mean(weights + (y * width + x) * count, places, count, from.values, to.row(y * width + x));
  });
}

}  // namespace wordmask::kernels

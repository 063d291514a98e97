// Bound: H * W * T interpolations. The grid is interpolated down once a row of the result (w * T values, which stay in
// cache), so a pixel costs one lerp a class instead of three, and no [T, H, W] volume is ever written.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <vector>

namespace wordmask::kernels {

namespace {
constexpr int kLanes = 16;
constexpr float kNegligible = -30;  // exp of it is below half a unit of the last place of a float sum >= 1

#if defined(__x86_64__)
// AVX2 without FMA: the same bits as the default clone.
#define WORDMASK_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WORDMASK_CLONES
#endif

struct Tap {
  int64_t low, high;
  float weight;  // of `high`
};

std::vector<Tap> taps(int64_t size, int64_t cells, double extent) {
  std::vector<Tap> result(size);
  for (int64_t i = 0; i < size; ++i) {
    const double at = std::min(std::max((static_cast<double>(i) + 0.5) * extent / static_cast<double>(size) - 0.5, 0.0),
                               static_cast<double>(cells - 1));
    const auto low = static_cast<int64_t>(at);
    result[i] = {low, std::min(low + 1, cells - 1), static_cast<float>(at - static_cast<double>(low))};
  }
  return result;
}

WORDMASK_CLONES
void interpolate(const float* low, const float* high, float weight, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = low[i] + weight * (high[i] - low[i]);
}

struct Best {
  float value;
  int32_t index;
};

// argmax of low + weight * (high - low); a lane keeps its first maximum, the lanes' smallest index wins a tie.
WORDMASK_CLONES
Best best_of(const float* low, const float* high, float weight, int64_t n) {
  float value[kLanes];
  int32_t index[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    value[lane] = -std::numeric_limits<float>::infinity();
    index[lane] = 0;
  }
  int64_t t = 0;
  for (; t + kLanes <= n; t += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float score = low[t + lane] + weight * (high[t + lane] - low[t + lane]);
      const bool better = score > value[lane];
      value[lane] = better ? score : value[lane];
      index[lane] = better ? static_cast<int32_t>(t) + lane : index[lane];
    }
  }
  for (int lane = 0; t < n; ++t, ++lane) {
    const float score = low[t] + weight * (high[t] - low[t]);
    if (score > value[lane]) value[lane] = score, index[lane] = static_cast<int32_t>(t);
  }
  Best best{value[0], index[0]};
  for (int lane = 1; lane < kLanes; ++lane) {
    if (value[lane] > best.value || (value[lane] == best.value && index[lane] < best.index))
      best = {value[lane], index[lane]};
  }
  return best;
}

// Whether 1 / sum exp(temperature * (score - best)) is below the threshold; stops as soon as that is certain.
bool unsure(const float* low, const float* high, float weight, int64_t n, float best, float temperature, float limit) {
  float sum = 0;
  for (int64_t t = 0; t < n && sum <= limit; ++t) {
    const float exponent = temperature * (low[t] + weight * (high[t] - low[t]) - best);
    if (exponent > kNegligible) sum += std::exp(exponent);
  }
  return sum > limit;
}

at::Tensor label_map_cpu(const at::Tensor& given, int64_t height, int64_t width, double extent_h, double extent_w,
                         double temperature, double threshold) {
  const auto scores = given.contiguous();
  const auto h = scores.size(0), w = scores.size(1), classes = scores.size(2), row_size = w * classes;
  auto labels = at::empty({height, width}, scores.options().dtype(at::kInt));
  const auto rows = taps(height, h, extent_h), columns = taps(width, w, extent_w);
  const auto* grid = scores.const_data_ptr<float>();
  auto* out = labels.mutable_data_ptr<int32_t>();
  const auto limit = static_cast<float>(threshold > 0 ? 1 / threshold : 0);

  at::parallel_for(0, height, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    std::vector<float> row(row_size);
    for (int64_t y = begin; y < end; ++y) {
      interpolate(grid + rows[y].low * row_size, grid + rows[y].high * row_size, rows[y].weight, row_size, row.data());
      for (int64_t x = 0; x < width; ++x) {
        const auto* low = row.data() + columns[x].low * classes;
        const auto* high = row.data() + columns[x].high * classes;
        const auto best = best_of(low, high, columns[x].weight, classes);
        const bool none = threshold > 0 && unsure(low, high, columns[x].weight, classes, best.value,
                                                  static_cast<float>(temperature), limit);
        out[y * width + x] = none ? -1 : best.index;
      }
    }
  });
  return labels;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) { m.impl("label_map", &label_map_cpu); }

}  // namespace wordmask::kernels

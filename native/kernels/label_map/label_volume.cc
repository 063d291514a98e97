// Bound: writing T floats a pixel. The scores of 16 pixels are interpolated side by side, as in label_map, so that the
// softmax is taken across registers, and are turned on the way out.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "kernels/label_map/rows.h"
#include "kernels/simd.h"

#if defined(__x86_64__)
#define WORDMASK_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WORDMASK_CLONES
#endif

namespace wordmask::kernels::label {

namespace {
static_assert(kTogether == simd::kLanes);

// scores [n, kTogether] -> their softmax over n.
WORDMASK_CLONES
void softmax_columns(float* scores, int64_t n, float temperature) {
  using simd::Floats;
  const float scale = temperature * 1.44269504088896341f;
  Floats most = simd::load(scores);
  for (int64_t c = 1; c < n; ++c) {
    const Floats score = simd::load(scores + c * kTogether);
    most = score > most ? score : most;
  }
  Floats sum = {};
  for (int64_t c = 0; c < n; ++c) {
    const Floats power = simd::exp2((simd::load(scores + c * kTogether) - most) * scale);
    simd::store(scores + c * kTogether, power);
    sum += power;
  }
  const Floats share = 1.0f / sum;
  for (int64_t c = 0; c < n; ++c) simd::store(scores + c * kTogether, simd::load(scores + c * kTogether) * share);
}
}  // namespace

at::Tensor volume(const Grids& grids, int64_t height, int64_t width, float temperature) {
  const auto classes = grids.classes;
  auto result = at::empty({height, width, classes}, at::kFloat);
  auto* out = result.mutable_data_ptr<float>();
  at::parallel_for(0, height, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    RowOfScores row(grids);
    for (int64_t y = begin; y < end; ++y) {
      row.seek(y);
      row.for_each(/*k=*/1, /*slack=*/std::numeric_limits<float>::infinity(),
                   [&](const Ends& ends, const std::vector<int32_t>& all, int64_t n, const Weights& weights,
                       int64_t first, int64_t count) {
                     scores_of(ends, weights, all.data(), n, row.buffer());
                     if (temperature > 0) softmax_columns(row.buffer(), n, temperature);
                     for (int64_t i = 0; i < count; ++i)
                       for (int64_t c = 0; c < n; ++c)
                         out[(y * width + first + i) * classes + c] = row.buffer()[c * kTogether + i];
                   });
    }
  });
  return result;
}

}  // namespace wordmask::kernels::label

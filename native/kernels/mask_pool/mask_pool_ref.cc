#include "kernels/mask_pool/mask_pool_ref.h"

#include <algorithm>
#include <cmath>

namespace wordmask_ref {

using wordmask::kernels::MaskPoolOptions;
using wordmask::kernels::MaskReduce;
using wordmask::kernels::MaskSampling;

namespace {
// What cell i takes of pixel p.
double share(int64_t p, int64_t pixels, int64_t i, int64_t cells, double extent, MaskSampling sampling) {
  if (sampling == MaskSampling::kArea) {
    const double side = pixels / extent;
    return std::max(0.0, std::min<double>(p + 1, (i + 1) * side) - std::max<double>(p, i * side));
  }
  const double at = std::clamp((p + 0.5) * extent / pixels - 0.5, 0.0, cells - 1.0);
  return std::max(0.0, 1 - std::fabs(at - i));
}
}  // namespace

std::vector<double> mask_weights(const std::vector<double>& mask, int64_t height, int64_t width, int64_t h, int64_t w,
                                 const MaskPoolOptions& options) {
  const double extent_h = options.extent_h > 0 ? options.extent_h : h,
               extent_w = options.extent_w > 0 ? options.extent_w : w;
  std::vector<double> result(h * w);
  for (int64_t r = 0; r < h; ++r)
    for (int64_t c = 0; c < w; ++c)
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          result[r * w + c] += share(y, height, r, h, extent_h, options.sampling) *
                               share(x, width, c, w, extent_w, options.sampling) * mask[y * width + x];
  return result;
}

std::vector<double> mask_pool(const std::vector<double>& weights, const std::vector<double>& features,
                              MaskReduce reduce) {
  const size_t channels = features.size() / weights.size();
  std::vector<double> sum(channels);
  double mass = 0, squares = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    mass += weights[i];
    for (size_t c = 0; c < channels; ++c) sum[c] += weights[i] * features[i * channels + c];
  }
  for (const double value : sum) squares += value * value;
  const double divisor = reduce == MaskReduce::kSum ? 1 : reduce == MaskReduce::kMean ? mass : std::sqrt(squares);
  for (double& value : sum) value = mass == 0 || divisor == 0 ? 0 : value / divisor;
  return sum;
}

}  // namespace wordmask_ref

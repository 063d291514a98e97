#include "kernels/pamr/pamr_ref.h"

#include <algorithm>
#include <cmath>

namespace wordmask_ref {

namespace {
// Weights of the neighbours of a pixel, and their places.
struct Around {
  std::vector<int64_t> places;
  std::vector<double> weights;
};

Around around(const std::vector<uint8_t>& rgb, int64_t height, int64_t width, int64_t pixel,
              const std::vector<int64_t>& dilations) {
  Around result;
  const int64_t y = pixel / width, x = pixel % width;
  for (const int64_t dilation : dilations) {
    for (int64_t dy = -1; dy <= 1; ++dy) {
      for (int64_t dx = -1; dx <= 1; ++dx) {
        if (dy == 0 && dx == 0) continue;
        const int64_t row = std::clamp<int64_t>(y + dy * dilation, 0, height - 1);
        result.places.push_back(row * width + std::clamp<int64_t>(x + dx * dilation, 0, width - 1));
      }
    }
  }
  result.weights.assign(result.places.size(), 0);
  for (int c = 0; c < 3; ++c) {
    std::vector<double> samples(dilations.size(), rgb[pixel * 3 + c] / 255.0);
    for (const int64_t place : result.places) samples.push_back(rgb[place * 3 + c] / 255.0);
    double mean = 0, squares = 0;
    for (const double sample : samples) mean += sample / static_cast<double>(samples.size());
    for (const double sample : samples) squares += (sample - mean) * (sample - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(samples.size() - 1));
    for (size_t n = 0; n < result.places.size(); ++n)
      result.weights[n] -= std::abs(samples[0] - samples[dilations.size() + n]) / (0.1 * deviation + 1e-8) / 3;
  }
  double sum = 0;
  for (double& weight : result.weights) sum += weight = std::exp(weight);
  for (double& weight : result.weights) weight /= sum;
  return result;
}
}  // namespace

std::vector<double> pamr(const std::vector<double>& probabilities, const std::vector<uint8_t>& rgb, int64_t height,
                         int64_t width, int64_t labels, const wordmask::kernels::PamrOptions& options) {
  std::vector<double> from = probabilities;
  for (int64_t i = 0; i < options.iterations; ++i) {
    std::vector<double> to(from.size(), 0);
    for (int64_t pixel = 0; pixel < height * width; ++pixel) {
      const Around weighted = around(rgb, height, width, pixel, options.dilations);
      for (size_t n = 0; n < weighted.places.size(); ++n)
        for (int64_t label = 0; label < labels; ++label)
          to[pixel * labels + label] += weighted.weights[n] * from[weighted.places[n] * labels + label];
    }
    from.swap(to);
  }
  return from;
}

}  // namespace wordmask_ref

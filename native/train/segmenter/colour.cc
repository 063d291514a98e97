#include "train/segmenter/colour.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace wordmask::train {

namespace {
constexpr float kRed = 0.2989f, kGreen = 0.587f, kBlue = 0.114f;

float limited(float x) { return std::min(1.0f, std::max(0.0f, x)); }
float grey_of(const Planes& p, int64_t i) {
  return kRed * p.data[i] + kGreen * p.data[p.n() + i] + kBlue * p.data[2 * p.n() + i];
}

// Index of a row or column beyond the edges: mirrored, the edge itself once.
int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i = ((i % period) + period) % period;
  return i < n ? i : period - i;
}

// One pass along an axis whose neighbours lie `step` apart.
void filter(const float* in, float* out, const Planes& shape, bool rows, const std::vector<float>& kernel) {
  const int64_t w = shape.width, h = shape.height, radius = static_cast<int64_t>(kernel.size()) / 2;
  const int64_t length = rows ? h : w;
  std::fill(out, out + shape.n(), 0.0f);
  for (int64_t k = -radius; k <= radius; ++k) {
    const float weight = kernel[static_cast<size_t>(k + radius)];
    for (int64_t y = 0; y < h; ++y) {
      float* to = out + y * w;
      if (rows) {
        const float* from = in + mirrored(y + k, length) * w;
        for (int64_t x = 0; x < w; ++x) to[x] += weight * from[x];
        continue;
      }
      const float* from = in + y * w;
      const int64_t first = std::clamp<int64_t>(-k, 0, w), last = std::clamp<int64_t>(w - k, first, w);
      for (int64_t x = 0; x < first; ++x) to[x] += weight * from[mirrored(x + k, length)];
      for (int64_t x = first; x < last; ++x) to[x] += weight * from[x + k];
      for (int64_t x = last; x < w; ++x) to[x] += weight * from[mirrored(x + k, length)];
    }
  }
}
}  // namespace

void brighten(const Planes& p, float factor) {
  for (int64_t i = 0; i < 3 * p.n(); ++i) p.data[i] = limited(factor * p.data[i]);
}

void contrast(const Planes& p, float factor) {
  double sum = 0;
  for (int64_t i = 0; i < p.n(); ++i) sum += grey_of(p, i);
  const float offset = (1 - factor) * static_cast<float>(sum / static_cast<double>(p.n()));
  for (int64_t i = 0; i < 3 * p.n(); ++i) p.data[i] = limited(factor * p.data[i] + offset);
}

void saturate(const Planes& p, float factor) {
  for (int64_t i = 0; i < p.n(); ++i) {
    const float offset = (1 - factor) * grey_of(p, i);
    for (int64_t k = i; k < 3 * p.n(); k += p.n()) p.data[k] = limited(factor * p.data[k] + offset);
  }
}

void turn_hue(const Planes& p, float turn) {
  for (int64_t i = 0; i < p.n(); ++i) {
    float &r = p.data[i], &g = p.data[p.n() + i], &b = p.data[2 * p.n() + i];
    const float most = std::max({r, g, b}), least = std::min({r, g, b}), range = most - least;
    if (range <= 0) continue;  // grey has no hue
    float hue = most == r ? (g - b) / range : most == g ? 2 + (b - r) / range : 4 + (r - g) / range;
    hue = hue / 6 + turn;
    hue -= std::floor(hue);
    // Channel c of a colour whose hue is `hue`: most - range * clamp(distance of the hue from the channel's own).
    const auto channel = [&](float offset) {
      const float k = std::fmod(offset + 6 * hue, 6.0f);
      return most - range * std::max(0.0f, std::min({k, 4 - k, 1.0f}));
    };
    r = channel(5), g = channel(3), b = channel(1);
  }
}

void to_grey(const Planes& p) {
  for (int64_t i = 0; i < p.n(); ++i) {
    const float grey = grey_of(p, i);
    for (int64_t k = i; k < 3 * p.n(); k += p.n()) p.data[k] = grey;
  }
}

void blur(const Planes& p, int64_t size, float sigma, float* scratch) {
  const int64_t radius = std::min(size / 2, static_cast<int64_t>(std::ceil(5 * sigma)));
  std::vector<float> kernel;
  float sum = 0;
  for (int64_t k = -radius; k <= radius; ++k) {
    const float distance = static_cast<float>(k) / sigma;
    kernel.push_back(std::exp(-0.5f * distance * distance));
    sum += kernel.back();
  }
  for (float& weight : kernel) weight /= sum;
  for (int64_t c = 0; c < 3; ++c) {
    float* plane = p.data + c * p.n();
    filter(plane, scratch, p, /*rows=*/false, kernel);
    filter(scratch, plane, p, /*rows=*/true, kernel);
  }
}

}  // namespace wordmask::train

#include "kernels/resize_normalize/resize_normalize_ref.h"

#include <algorithm>
#include <cmath>

namespace wordmask_ref {

namespace {
using wordmask::kernels::Filter;

double shape(double x, Filter filter) {
  x = std::fabs(x);
  if (filter == Filter::kBilinear) return x < 1 ? 1 - x : 0;
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

// Byte o of `resized` along one line of `size` bytes that lie `step` apart.
uint8_t sample(const uint8_t* line, int64_t step, int64_t size, int64_t resized, int64_t o, Filter filter) {
  const double scale = double(size) / double(resized), stretch = std::max(1.0, scale), center = (o + 0.5) * scale;
  if (filter == Filter::kNearest) return line[std::min(int64_t(center), size - 1) * step];
  const double support = (filter == Filter::kBicubic ? 2 : 1) * stretch;
  const int64_t begin = std::max<int64_t>(0, int64_t(center - support + 0.5));
  const int64_t end = std::min(size, int64_t(center + support + 0.5));
  double total = 0;
  for (int64_t i = begin; i < end; ++i) total += shape((i - center + 0.5) / stretch, filter);
  int64_t sum = int64_t{1} << 21;
  for (int64_t i = begin; i < end; ++i)
    sum += line[i * step] * std::llround(shape((i - center + 0.5) / stretch, filter) / total * (1 << 22));
  return uint8_t(std::clamp<int64_t>(sum >> 22, 0, 255));
}
}  // namespace

std::vector<uint8_t> resize(const std::vector<uint8_t>& image, int64_t height, int64_t width, int64_t new_height,
                            int64_t new_width, Filter filter) {
  std::vector<uint8_t> across(height * new_width * 3), result(new_height * new_width * 3);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < new_width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        across[(y * new_width + x) * 3 + c] = sample(&image[y * width * 3 + c], 3, width, new_width, x, filter);
  for (int64_t y = 0; y < new_height; ++y)
    for (int64_t i = 0; i < new_width * 3; ++i)
      result[y * new_width * 3 + i] = sample(&across[i], new_width * 3, height, new_height, y, filter);
  return result;
}

std::vector<double> resize_normalize(const std::vector<uint8_t>& image, int64_t height, int64_t width,
                                     const wordmask::kernels::ResizeFrame& frame,
                                     const wordmask::kernels::ResizeNormalizeOptions& options) {
  const auto bytes = resize(image, height, width, frame.height, frame.width, options.filter);
  std::vector<double> result;
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t y = 0; y < options.height; ++y)
      for (int64_t x = 0; x < options.width; ++x)
        result.push_back((bytes[((frame.top + y) * frame.width + frame.left + x) * 3 + c] / 255.0 - options.mean[c]) /
                         options.std[c]);
  return result;
}

}  // namespace wordmask_ref

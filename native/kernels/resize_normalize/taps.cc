#include "kernels/resize_normalize/taps.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>

namespace wordmask::kernels::resize {

namespace {
constexpr size_t kKept = 64;

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

Taps sized(const Axis& axis, int64_t most) {
  Taps result;
  result.stride = (most + Taps::kTogether - 1) / Taps::kTogether * Taps::kTogether;
  result.first.resize(axis.count);
  result.length.resize(axis.count);
  result.weight.assign(axis.count * result.stride, 0);
  return result;
}

// Pillow walks over the line in steps of size / resized, so its positions carry the rounding of a running sum.
Taps nearest(const Axis& axis) {
  auto result = sized(axis, 1);
  const double step = static_cast<double>(axis.size) / static_cast<double>(axis.resized);
  double at = step * 0.5;
  for (int64_t i = 0; i < axis.from; ++i) at += step;
  for (int64_t i = 0; i < axis.count; ++i, at += step) {
    result.first[i] = static_cast<int32_t>(std::min(static_cast<int64_t>(at), axis.size - 1));
    result.length[i] = 1;
    result.weight[i * result.stride] = 1 << kFraction;
  }
  return result;
}

Taps filtered(const Axis& axis) {
  const auto shape = axis.filter == Filter::kBicubic ? cubic : triangle;
  const double scale = static_cast<double>(axis.size) / static_cast<double>(axis.resized);
  const double widened = std::max(scale, 1.0);
  const double support = (axis.filter == Filter::kBicubic ? 2.0 : 1.0) * widened;
  const auto most = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  auto result = sized(axis, most);
  std::vector<double> weight(most);
  for (int64_t i = 0; i < axis.count; ++i) {
    const double center = (static_cast<double>(axis.from + i) + 0.5) * scale;
    const auto begin = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const auto length = std::min(axis.size, static_cast<int64_t>(center + support + 0.5)) - begin;
    double sum = 0;
    for (int64_t t = 0; t < length; ++t) {
      weight[t] = shape((static_cast<double>(t + begin) - center + 0.5) * (1 / widened));
      sum += weight[t];
    }
    for (int64_t t = 0; t < length; ++t) {
      const double scaled = (sum != 0 ? weight[t] / sum : weight[t]) * (1 << kFraction);
      result.weight[i * result.stride + t] = static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    result.first[i] = static_cast<int32_t>(begin);
    result.length[i] = static_cast<int32_t>(length);
  }
  return result;
}

std::shared_ptr<const Taps> made(const Axis& axis) {
  auto result = std::make_shared<Taps>(axis.filter == Filter::kNearest ? nearest(axis) : filtered(axis));
  result->begin = axis.size;
  for (int64_t i = 0; i < axis.count; ++i) {
    result->begin = std::min<int64_t>(result->begin, result->first[i]);
    result->end = std::max<int64_t>(result->end, result->first[i] + result->length[i]);
  }
  for (const int32_t weight : result->weight) {
    result->high.push_back(static_cast<int16_t>(weight >> kLowBits));
    result->low.push_back(static_cast<int16_t>(weight & ((1 << kLowBits) - 1)));
  }
  return result;
}
}  // namespace

std::shared_ptr<const Taps> taps(const Axis& axis) {
  struct Entry {
    Axis axis;
    std::shared_ptr<const Taps> taps;
  };
  static std::mutex mutex;
  static std::deque<Entry> entries;  // the last used first
  {
    const std::lock_guard lock(mutex);
    const auto found = std::ranges::find(entries, axis, &Entry::axis);
    if (found != entries.end()) {
      std::rotate(entries.begin(), found, found + 1);
      return entries.front().taps;
    }
  }
  auto result = made(axis);
  const std::lock_guard lock(mutex);
  entries.push_front({axis, result});
  if (entries.size() > kKept) entries.pop_back();
  return result;
}

}  // namespace wordmask::kernels::resize

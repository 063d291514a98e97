#include "kernels/label_map/label_map_ref.h"

#include <algorithm>
#include <cmath>

namespace wordmask_ref {

std::vector<double> interpolated_scores(const std::vector<double>& scores, int64_t h, int64_t w, int64_t classes,
                                        const wordmask::kernels::LabelMapOptions& options) {
  const double extent_h = options.extent_h > 0 ? options.extent_h : h,
               extent_w = options.extent_w > 0 ? options.extent_w : w;
  std::vector<double> out;
  for (int64_t y = 0; y < options.height; ++y) {
    for (int64_t x = 0; x < options.width; ++x) {
      const double sy = std::clamp((y + 0.5) * extent_h / options.height - 0.5, 0.0, h - 1.0);
      const double sx = std::clamp((x + 0.5) * extent_w / options.width - 0.5, 0.0, w - 1.0);
      const int64_t y0 = std::floor(sy), x0 = std::floor(sx), y1 = std::min(y0 + 1, h - 1),
                    x1 = std::min(x0 + 1, w - 1);
      for (int64_t t = 0; t < classes; ++t) {
        const auto at = [&](int64_t cy, int64_t cx) { return scores[(cy * w + cx) * classes + t]; };
        out.push_back((1 - (sy - y0)) * ((1 - (sx - x0)) * at(y0, x0) + (sx - x0) * at(y0, x1)) +
                      (sy - y0) * ((1 - (sx - x0)) * at(y1, x0) + (sx - x0) * at(y1, x1)));
      }
    }
  }
  return out;
}

std::vector<int32_t> label_map(const std::vector<double>& interpolated, int64_t classes, double temperature,
                               double threshold) {
  std::vector<int32_t> labels;
  for (size_t from = 0; from < interpolated.size(); from += classes) {
    const auto begin = interpolated.begin() + from, end = begin + classes;
    const auto best = std::max_element(begin, end);  // the first of equal ones
    double sum = 0;
    for (auto at = begin; at != end; ++at) sum += std::exp(temperature * (*at - *best));
    labels.push_back(threshold > 0 && 1 / sum < threshold ? -1 : static_cast<int32_t>(best - begin));
  }
  return labels;
}

}  // namespace wordmask_ref

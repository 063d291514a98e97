#pragma once
#include <vector>

#include "kernels/label_map/label_map.h"

namespace wordmask_ref {

// The interpolated scores themselves, float64 [height, width, T], straight from the formula of label_map.h.
std::vector<double> interpolated_scores(const std::vector<double>& scores, int64_t h, int64_t w, int64_t classes,
                                        const wordmask::kernels::LabelMapOptions& options);

// Argmax, first index first; -1 where the softmax stays below the threshold.
std::vector<int32_t> label_map(const std::vector<double>& interpolated, int64_t classes, double temperature,
                               double threshold);

}  // namespace wordmask_ref

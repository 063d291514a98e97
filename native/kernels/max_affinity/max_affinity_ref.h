#pragma once
#include <vector>

#include "kernels/max_affinity/max_affinity.h"

namespace wordmask_ref {

// The formula of max_affinity.h for one archive, float64: features [k, P, C], weights [k, P] -> [k, P, k].
std::vector<double> max_affinity(const std::vector<double>& features, const std::vector<double>& weights, int64_t k,
                                 int64_t positions, int64_t channels);

}  // namespace wordmask_ref

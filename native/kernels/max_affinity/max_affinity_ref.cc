#include "kernels/max_affinity/max_affinity_ref.h"

#include <algorithm>
#include <limits>

namespace wordmask_ref {

std::vector<double> max_affinity(const std::vector<double>& features, const std::vector<double>& weights, int64_t k,
                                 int64_t positions, int64_t channels) {
  std::vector<double> best(k * positions * k, -std::numeric_limits<double>::infinity());
  for (int64_t p = 0; p < k * positions; ++p) {
    for (int64_t q = 0; q < k * positions; ++q) {
      double product = 0;
      for (int64_t c = 0; c < channels; ++c) product += features[p * channels + c] * features[q * channels + c];
      double& maximum = best[p * k + q / positions];
      maximum = std::max(maximum, product * weights[q]);
    }
  }
  return best;
}

}  // namespace wordmask_ref

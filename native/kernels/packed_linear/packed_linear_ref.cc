#include "kernels/packed_linear/packed_linear_ref.h"

#include <cmath>

namespace wordmask_ref {

std::vector<double> packed_linear(const std::vector<double>& x, const std::vector<double>& weight,
                                  const std::vector<double>& bias, wordmask::kernels::Fused fused) {
  using wordmask::kernels::Fused;
  const size_t out = bias.size(), in = weight.size() / out;
  std::vector<double> result;
  for (size_t row = 0; row < x.size(); row += in) {
    for (size_t o = 0; o < out; ++o) {
      double h = bias[o];
      for (size_t i = 0; i < in; ++i) h += x[row + i] * weight[o * in + i];
      if (fused == Fused::kGelu) h *= 0.5 * std::erfc(-h / std::sqrt(2.0));
      if (fused == Fused::kSwish) h /= 1 + std::exp(-h);
      result.push_back(h);
    }
  }
  return result;
}

}  // namespace wordmask_ref

#include "kernels/residual_norm/residual_norm_ref.h"

#include <cmath>

namespace wordmask_ref {

NormedRows residual_norm(const std::vector<double>& stream, const std::vector<double>& delta, double delta_scale,
                         const std::vector<double>& gain, const std::vector<double>& bias, double eps, double scale) {
  NormedRows result{stream, {}};
  for (size_t i = 0; i < delta.size(); ++i) result.stream[i] += delta_scale * delta[i];
  const size_t width = gain.size();
  for (size_t row = 0; row < stream.size(); row += width) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < width; ++i) mean += result.stream[row + i] / width;
    for (size_t i = 0; i < width; ++i) variance += std::pow(result.stream[row + i] - mean, 2) / width;
    for (size_t i = 0; i < width; ++i) {
      const double unit = (result.stream[row + i] - mean) / std::sqrt(variance + eps);
      result.normed.push_back((unit * gain[i] + bias[i]) * scale);
    }
  }
  return result;
}

}  // namespace wordmask_ref

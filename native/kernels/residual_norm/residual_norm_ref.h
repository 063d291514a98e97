#pragma once
#include <cstdint>
#include <vector>

namespace wordmask_ref {

struct NormedRows {
  std::vector<double> stream, normed;
};

// The formulas of residual_norm.h, float64, rows of `width`; an empty delta adds nothing.
NormedRows residual_norm(const std::vector<double>& stream, const std::vector<double>& delta, double delta_scale,
                         const std::vector<double>& gain, const std::vector<double>& bias, double eps, double scale);

}  // namespace wordmask_ref

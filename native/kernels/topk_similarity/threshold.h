#pragma once
#include <cmath>
#include <limits>

namespace wordmask::kernels {

// The least float that is not below `threshold`.
inline float at_least(double threshold) {
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  if (threshold > std::numeric_limits<float>::max()) return kInfinite;
  if (threshold < std::numeric_limits<float>::lowest())
    return threshold == -kInfinite ? -kInfinite : std::numeric_limits<float>::lowest();
  const auto rounded = static_cast<float>(threshold);
  return rounded < threshold ? std::nextafter(rounded, kInfinite) : rounded;
}

}  // namespace wordmask::kernels

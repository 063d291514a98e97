#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace wordmask::train {

// Learning rate of step `step` (the first is 0): linear warm-up to `peak`, then a half cosine that reaches 0 after the
// last step.
inline double cosine_rate(int64_t step, int64_t steps, int64_t warmup, double peak) {
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double done = static_cast<double>(step - warmup) / static_cast<double>(std::max<int64_t>(1, steps - warmup));
  return peak * 0.5 * (1 + std::cos(M_PI * done));
}

// Polynomial decay: peak * (1 - step / steps) ^ power, never below `floor`.
inline double poly_rate(int64_t step, int64_t steps, double peak, double power, double floor) {
  const double left = 1 - static_cast<double>(step) / static_cast<double>(steps);
  return std::max(floor, peak * std::pow(std::max(0.0, left), power));
}

}  // namespace wordmask::train

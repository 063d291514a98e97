#include "train/adamw.h"

#include <cmath>

namespace wordmask::train {

void adamw_step(const AdamW& o, int64_t n, float scale, const float* gradient, float* value, float* m, float* v) {
  const auto step = static_cast<double>(o.step);
  const float b1 = static_cast<float>(o.beta1), b2 = static_cast<float>(o.beta2);
  const float c1 = static_cast<float>(1 - o.beta1), c2 = static_cast<float>(1 - o.beta2);
  const float keep = static_cast<float>(1 - o.learning_rate * o.weight_decay);
  const float rate = static_cast<float>(o.learning_rate / (1 - std::pow(o.beta1, step)));
  const float correction = static_cast<float>(1 / std::sqrt(1 - std::pow(o.beta2, step)));
  const float epsilon = static_cast<float>(o.epsilon);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float g = scale * gradient[i];
    m[i] = b1 * m[i] + c1 * g;
    v[i] = b2 * v[i] + c2 * g * g;
    value[i] = keep * value[i] - rate * m[i] / (std::sqrt(v[i]) * correction + epsilon);
  }
}

}  // namespace wordmask::train

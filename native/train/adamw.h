#pragma once
#include <cstdint>

namespace wordmask::train {

struct AdamW {
  double learning_rate, beta1, beta2, weight_decay;
  double epsilon = 1e-8;
  int64_t step;  // the first is 1
};

// One decoupled-weight-decay Adam step (Loshchilov and Hutter) on n values: m, v are the moments, `scale` multiplies
// the gradient.
void adamw_step(const AdamW& options, int64_t n, float scale, const float* gradient, float* value, float* m, float* v);

}  // namespace wordmask::train

#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "models/deeplabv3plus.h"
#include "train/segmenter/options.h"

namespace wordmask::train {

// Adam as Kingma and Ba, weight decay added to the gradient (as PyTorch's Adam, unlike AdamW); the first `step` is 1.
struct Adam {
  double learning_rate, beta1, beta2, weight_decay;
  double epsilon = 1e-8;
  int64_t step;
};
void adam_step(const Adam& options, int64_t n, const float* gradient, float* value, float* m, float* v);

// Stochastic gradient descent with momentum, as PyTorch's SGD: b = momentum * b + g (b = g at step 1), value -= rate *
// b.
struct Sgd {
  double learning_rate, momentum, weight_decay;
  int64_t step;
};
void sgd_step(const Sgd& options, int64_t n, const float* gradient, float* value, float* b);

// The parameters of a network with their moments, in two groups of learning rates: "backbone." and the rest.
class Optimiser {
 public:
  struct Slot {
    std::string name;
    bool backbone;
    at::Tensor value, moment1, moment2;  // moment2: Adam's alone
  };

  Optimiser(models::DeepLabV3PlusImpl& model, const TrainSegmenterOptions& options);
  // Takes the gradients that backward() left and drops them; `step` counts from 0. -> their norm over all parameters.
  // ERR_WORDMASK_INTERNAL where that is not finite; nothing has changed then.
  double update(int64_t step);
  std::vector<Slot>& slots() { return slots_; }
  const std::vector<Slot>& slots() const { return slots_; }

  struct Rates {
    double head, backbone;
  };
  Rates rates(int64_t step) const;

 private:
  const TrainSegmenterOptions& options_;
  std::vector<Slot> slots_;
};

}  // namespace wordmask::train

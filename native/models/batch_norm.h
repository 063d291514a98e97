#pragma once
#include "models/linear.h"

namespace wordmask::models {

// Over the channels of [b, c, h, w]; weights and statistics stay float32 whatever the compute dtype. The counter
// num_batches_tracked that some files hold is not part of the model.
struct BatchNormImpl : torch::nn::Module {
  explicit BatchNormImpl(int64_t channels) {
    c10::InferenceMode normal(false);
    weight = register_parameter("weight", parameter({channels}));
    bias = register_parameter("bias", parameter({channels}));
    running_mean = register_buffer("running_mean", at::zeros({channels}));
    running_var = register_buffer("running_var", at::ones({channels}));
  }
  at::Tensor forward(const at::Tensor& x) const {
    return at::batch_norm(x, weight, bias, running_mean, running_var, is_training(), momentum, eps,
                          /*cudnn_enabled=*/true);
  }

  double momentum = 0.1, eps = 1e-5;
  at::Tensor weight, bias, running_mean, running_var;
};
TORCH_MODULE(BatchNorm);

}  // namespace wordmask::models

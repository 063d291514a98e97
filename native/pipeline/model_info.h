#pragma once
#include <ATen/core/Tensor.h>

#include <string>

namespace torch::nn {
class Module;
}

namespace wordmask::pipeline {

struct ModelInfo {
  int64_t parameters = 0;
  int64_t bytes = 0;
  std::string device;
  std::string dtype;
};

ModelInfo model_info(const torch::nn::Module& model, c10::Device device, at::ScalarType dtype);

// Answers of a model that computes in `dtype` as float32 on the CPU; NaN or infinity is ERR_WORDMASK_INTERNAL, never an
// answer.
at::Tensor finished(const at::Tensor& answers, at::ScalarType dtype);

}  // namespace wordmask::pipeline

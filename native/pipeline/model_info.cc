#include "pipeline/model_info.h"

#include <torch/nn/module.h>

#include "base/error.h"
#include "models/load.h"

namespace wordmask::pipeline {

namespace {
const char* name_of(at::ScalarType dtype) {
  return dtype == at::kFloat ? "float32" : dtype == at::kHalf ? "float16" : "bfloat16";
}
}  // namespace

ModelInfo model_info(const torch::nn::Module& model, c10::Device device, at::ScalarType dtype) {
  ModelInfo info{0, 0, device.str(), name_of(dtype)};
  for (const auto& [key, tensor] : models::named_state(model)) {
    info.parameters += tensor.numel();
    info.bytes += static_cast<int64_t>(tensor.nbytes());
  }
  return info;
}

at::Tensor finished(const at::Tensor& answers, at::ScalarType dtype) {
  const auto result = answers.to(at::kCPU, at::kFloat);
  WM_CHECK(result.isfinite().all().item<bool>(), code::kInternal,
           "Expected finite numbers but the model answered NaN or infinity, computing in ", name_of(dtype),
           dtype == at::kFloat ? ". Are the weights and the input finite?" : ". Try dtype 'float32'");
  return result;
}

}  // namespace wordmask::pipeline

#include "pipeline/deeplab.h"

#include <ATen/ATen.h>

#include "base/device.h"
#include "models/deeplabv3plus.h"
#include "models/load.h"
#include "pipeline/preprocess.h"

namespace wordmask::pipeline {

DeepLab::DeepLab(std::shared_ptr<models::DeepLabV3PlusImpl> model, c10::Device device, at::ScalarType dtype)
    : config_(model->config), model_(std::move(model)), device_(device), dtype_(dtype), pass_(device, dtype) {
  model_->eval();
}

std::shared_ptr<DeepLab> DeepLab::load(const models::DeepLabConfig& config, const std::vector<std::string>& files,
                                       const Compute& compute, const Cancel& cancel, const Progress& progress) {
  const auto device = parse_device(compute.device);
  const auto dtype = parse_dtype(compute.dtype, device);
  auto model = std::make_shared<models::DeepLabV3PlusImpl>(config);
  models::load_weights(*model, *weights::open_checkpoint(files), models::deeplab_keys(),
                       {device, dtype, models::norm_keys(*model)}, cancel, progress);
  return std::shared_ptr<DeepLab>(new DeepLab(std::move(model), device, dtype));
}

std::shared_ptr<DeepLab> DeepLab::random(const models::DeepLabConfig& config, uint64_t seed, const Compute& compute) {
  const auto device = parse_device(compute.device);
  const auto dtype = parse_dtype(compute.dtype, device);
  auto model = std::make_shared<models::DeepLabV3PlusImpl>(config);
  models::initialize(*model, seed);
  models::convert(*model, {device, dtype, models::norm_keys(*model)});
  return std::shared_ptr<DeepLab>(new DeepLab(std::move(model), device, dtype));
}

ModelInfo DeepLab::info() const { return model_info(*model_, device_, dtype_); }

at::Tensor DeepLab::logits(const at::Tensor& pixels) {
  c10::InferenceMode guard;
  WM_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.numel() > 0, code::kInvalidArgument,
           "Expected pixels [n, 3, height, width] but received ", pixels.sizes());
  const auto work = [this](const at::Tensor& there) { return model_->forward(there); };
  return pass_(/*kind=*/0, pixels, work).contiguous();
}

at::Tensor DeepLab::logits(const ImageU8& image, const DenseOptions& options) {
  c10::InferenceMode guard;
  return logits(resize(image, options.width, options.height, options).unsqueeze(0)).squeeze(0);
}

at::Tensor DeepLab::score(const ImageU8& image, const DenseOptions& options, bool background) {
  c10::InferenceMode guard;
  WM_CHECK(!background || config_.classes >= 2, code::kInvalidArgument,
           "Expected a network of at least 2 classes with a background but it has ", config_.classes);
  const auto scores = logits(image, options).permute({1, 2, 0}).log_softmax(-1);
  return (background ? scores.roll(-1, -1) : scores).contiguous();
}

void DeepLab::save(const std::string& file, at::ScalarType dtype,
                   const std::map<std::string, std::string>& metadata) const {
  c10::InferenceMode guard;
  auto state = models::checkpoint_state(*model_, 0);
  for (auto& [key, tensor] : state)
    if (tensor.is_floating_point()) tensor = tensor.to(at::TensorOptions(at::kCPU).dtype(dtype)).contiguous();
  weights::write_safetensors(file, state, metadata);
}

}  // namespace wordmask::pipeline

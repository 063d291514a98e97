#include "pipeline/tower_pass.h"

#include "base/cuda.h"
#include "pipeline/model_info.h"

namespace wordmask::pipeline {

namespace {
std::unique_ptr<Staging> staging_of(c10::Device device) {
  return device.is_cuda() ? std::make_unique<Staging>(device_copies(device), device_copies(device)) : nullptr;
}
}  // namespace

TowerPass::TowerPass(c10::Device device, at::ScalarType dtype)
    : TowerPass(device, dtype, staging_of(device), device.is_cuda() ? cuda_graph_recorder() : nullptr) {}

TowerPass::TowerPass(c10::Device device, at::ScalarType dtype, std::unique_ptr<Staging> staging,
                     GraphRecorder* recorder)
    : device_(device), dtype_(dtype), staging_(std::move(staging)) {
  if (recorder != nullptr) graphs_ = std::make_unique<GraphCache>(*recorder);
}

TowerPass::Answers TowerPass::start(int kind, const at::Tensor& input, const Work& work, bool recordable) {
  Answers answers;
  answers.dtype_ = dtype_;
  if (!staging_) {
    answers.ready_ = work(input.to(device_));
    return answers;
  }
  const auto there = staging_->up(input);
  answers.coming_ = staging_->down(recordable && graphs_ ? graphs_->run(kind, there, work) : work(there));
  return answers;
}

at::Tensor TowerPass::Answers::take() { return finished(coming_ ? coming_->take() : ready_, dtype_); }

}  // namespace wordmask::pipeline

#include "train/segmenter/optimiser.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "base/error.h"
#include "train/schedule.h"

namespace wordmask::train {

namespace {
constexpr int64_t kGrain = 1 << 15;
using Kind = TrainSegmenterOptions::Optimiser;
}  // namespace

void adam_step(const Adam& o, int64_t n, const float* gradient, float* value, float* m, float* v) {
  const auto step = static_cast<double>(o.step);
  const auto b1 = static_cast<float>(o.beta1), b2 = static_cast<float>(o.beta2);
  const auto c1 = static_cast<float>(1 - o.beta1), c2 = static_cast<float>(1 - o.beta2);
  const auto decay = static_cast<float>(o.weight_decay), epsilon = static_cast<float>(o.epsilon);
  const auto rate = static_cast<float>(o.learning_rate / (1 - std::pow(o.beta1, step)));
  const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(o.beta2, step)));
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] + decay * value[i];
    m[i] = b1 * m[i] + c1 * g;
    v[i] = b2 * v[i] + c2 * g * g;
    value[i] -= rate * m[i] / (std::sqrt(v[i]) * correction + epsilon);
  }
}

void sgd_step(const Sgd& o, int64_t n, const float* gradient, float* value, float* b) {
  const auto rate = static_cast<float>(o.learning_rate), decay = static_cast<float>(o.weight_decay);
  const auto momentum = o.step == 1 ? 0.0f : static_cast<float>(o.momentum);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    b[i] = momentum * b[i] + gradient[i] + decay * value[i];
    value[i] -= rate * b[i];
  }
}

Optimiser::Optimiser(models::DeepLabV3PlusImpl& model, const TrainSegmenterOptions& options) : options_(options) {
  for (const auto& item : model.named_parameters()) {
    const auto& value = item.value();
    const bool adam = options.optimiser == Kind::kAdam;
    slots_.push_back({item.key(), item.key().starts_with("backbone."), value, at::zeros_like(value).detach(),
                      adam ? at::zeros_like(value).detach() : at::Tensor()});
  }
}

Optimiser::Rates Optimiser::rates(int64_t step) const {
  const auto& o = options_;
  const auto rate = [&](double peak) {
    return peak == 0 ? 0 : poly_rate(step, o.steps, peak, o.power, o.learning_rate_floor);
  };
  return {rate(o.learning_rate), rate(o.backbone_learning_rate)};
}

double Optimiser::update(int64_t step) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  double squares = 0;
  for (auto& slot : slots_) {
    auto& gradient = slot.value.mutable_grad();
    gradients.push_back(gradient.defined() ? gradient.to(at::kFloat).contiguous() : at::zeros_like(slot.value));
    const double norm = gradients.back().norm().item<double>();
    squares += norm * norm;
    gradient.reset();
  }
  WM_CHECK(std::isfinite(squares), code::kInternal, "The gradient is not finite at step ", step + 1,
           "; lower learningRate or train in float32");
  const auto [head, backbone] = rates(step);
  const auto& o = options_;
  for (size_t k = 0; k < slots_.size(); ++k) {
    auto& slot = slots_[k];
    const double rate = slot.backbone ? backbone : head;
    const float* gradient = gradients[k].const_data_ptr<float>();
    float* value = slot.value.data_ptr<float>();
    float* m = slot.moment1.data_ptr<float>();
    float* v = slot.moment2.defined() ? slot.moment2.data_ptr<float>() : nullptr;
    at::parallel_for(0, slot.value.numel(), kGrain, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin;
      if (v != nullptr) {
        adam_step({rate, o.beta1, o.beta2, o.weight_decay, 1e-8, step + 1}, n, gradient + begin, value + begin,
                  m + begin, v + begin);
      } else {
        sgd_step({rate, o.momentum, o.weight_decay, step + 1}, n, gradient + begin, value + begin, m + begin);
      }
    });
  }
  return std::sqrt(squares);
}

}  // namespace wordmask::train

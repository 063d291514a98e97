#pragma once
#include "models/deeplabv3plus.h"

namespace wordmask::testing {

// Weights that test/parity/deeplab.py draws alike, bit for bit, so that no file has to hold them: u = 24 bits of
// SplitMix64 over (FNV-1a of the key, index); convolutions uniform with variance 1 / fan in, gains 1 +- 0.2, biases
// +- 0.2.
inline void formula_weights(models::DeepLabV3PlusImpl& model) {
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  const auto mix = [](uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  };
  for (auto& item : model.named_parameters()) {
    uint64_t key = 0xcbf29ce484222325ull;
    for (const unsigned char c : item.key()) key = (key ^ c) * 0x100000001b3ull;
    auto& weight = item.value();
    const bool matrix = weight.dim() == 4;
    const double fan_in = static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
    const double mean = !matrix && item.key().ends_with(".weight") ? 1 : 0,
                 width = matrix ? std::sqrt(3 / fan_in) : 0.2;
    float* value = weight.data_ptr<float>();
    for (int64_t i = 0; i < weight.numel(); ++i) {
      const uint64_t bits = mix(key + static_cast<uint64_t>(i + 1) * 0x9e3779b97f4a7c15ull) >> 40;
      value[i] = static_cast<float>(mean + width * (2 * (static_cast<double>(bits) * 0x1p-24) - 1));
    }
  }
}

// Statistics of every norm become those of one batch.
inline at::Tensor calibrate(models::DeepLabV3PlusImpl& model, const at::Tensor& pixels) {
  at::NoGradGuard no_grad;
  std::vector<std::pair<models::BatchNormImpl*, double>> norms;
  for (const auto& module : model.modules(/*include_self=*/false))
    if (auto* norm = module->as<models::BatchNormImpl>()) norms.push_back({norm, norm->momentum});
  for (auto& [norm, momentum] : norms) norm->momentum = 1;
  model.train();
  auto logits = model.forward(pixels);
  for (auto& [norm, momentum] : norms) norm->momentum = momentum;
  model.eval();
  return logits;
}

}  // namespace wordmask::testing

#pragma once
#include <torch/nn/module.h>

#include "base/cancel.h"
#include "base/image.h"
#include "models/key_map.h"
#include "weights/checkpoint.h"

namespace wordmask::models {

struct LoadOptions {
  c10::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  // of everything that feeds matrix products
  std::function<bool(const std::string& key)> stays_float32;
};

// Fills a module whose parameters are still untouched memory, tensor by tensor, so that at most one tensor exists
// twice. Strict: missing, unexpected and wrong-shaped keys are ERR_WORDMASK_CHECKPOINT_KEYS with all three lists,
// before anything is read. Progress counts tensors.
void load_weights(torch::nn::Module& module, const weights::Checkpoint& checkpoint, const KeyMap& keys,
                  const LoadOptions& options, const Cancel& cancel, const Progress& progress);

// The same placement for weights that are already there (random ones).
void convert(torch::nn::Module& module, const LoadOptions& options);

// Every parameter and buffer in registration order, weights that were packed for inference as they were loaded.
std::vector<weights::NamedTensor> named_state(const torch::nn::Module& module);

}  // namespace wordmask::models

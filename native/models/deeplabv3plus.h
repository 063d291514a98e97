#pragma once
#include "models/aspp.h"
#include "models/backbone.h"
#include "models/key_map.h"
#include "weights/checkpoint.h"

namespace wordmask::models {

// The decoder of DeepLabv3+ (Chen et al. 2018): ASPP's answer, enlarged, beside the narrowed low-level features.
struct DeepLabHeadImpl : torch::nn::Module {
  DeepLabHeadImpl(const DeepLabConfig& config, const Backbone& backbone);
  at::Tensor forward(const BackboneFeatures& features);  // -> [b, classes, H / 4, W / 4]

  ConvNorm project{nullptr};
  Aspp aspp{nullptr};
  SeparableConv refine{nullptr};   // "classifier.0"
  BatchNorm refine_norm{nullptr};  // "classifier.1"
  Conv classify{nullptr};          // "classifier.3"
};
TORCH_MODULE(DeepLabHead);

// Keys are those of ReCo+'s checkpoints: "backbone.*" (torchvision's), "classifier.*".
struct DeepLabV3PlusImpl : torch::nn::Module {
  explicit DeepLabV3PlusImpl(const DeepLabConfig& config);
  // Normalised [b, 3, H, W], any size -> logits [b, classes, ceil(H / 4), ceil(W / 4)]; whoever wants them at the size
  // of the picture enlarges them bilinearly, half-pixel centres.
  at::Tensor forward(const at::Tensor& pixels);

  DeepLabConfig config;
  std::shared_ptr<Backbone> backbone;
  DeepLabHead classifier{nullptr};
};
TORCH_MODULE(DeepLabV3Plus);

// The model's own keys; counters of batches are no weights.
KeyMap deeplab_keys();
// For DeepLabV3PlusImpl::backbone: torchvision's keys of a classification network, or a whole DeepLabv3+, of which the
// backbone is taken.
KeyMap backbone_keys(const weights::Checkpoint& checkpoint);

// Everything PyTorch's state_dict of the network holds: weights, statistics, and the counter of training batches that
// every norm has there.
std::vector<weights::NamedTensor> checkpoint_state(const DeepLabV3PlusImpl& model, int64_t batches);

// Keys of a module's BatchNorms, which stay float32 when the rest computes in another dtype.
std::function<bool(const std::string&)> norm_keys(const torch::nn::Module& module);

// torchvision's initialisation of the backbone (He normal, fan out), He normal by fan in of the head, biases of its
// last convolution uniform; norms 1 and 0. The same seed gives the same weights.
void initialize(DeepLabV3PlusImpl& model, uint64_t seed);

}  // namespace wordmask::models

#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/config.h"

namespace wordmask::train {

enum class Part { kVision, kText, kHead };

// One trainable tensor of a ViT CLIP, by its OpenAI name.
struct ParameterSpec {
  std::string name;
  std::vector<int64_t> shape;
  Part part = Part::kHead;
  bool decay = false;       // weight decay applies: matrices, not gains, biases, embeddings and scales
  bool full = false;        // read as float32 by the towers even in bfloat16 (tables that are gathered, scales)
  bool state_only = false;  // belongs to the training run, not to the model (scales of patch-level terms, prototypes)
  bool frozen = false;
  int64_t offset = 0, size = 0;
};

inline constexpr char kLogitScale[] = "logit_scale";
inline constexpr char kPatchLogitScale[] = "train.patch_logit_scale";
inline constexpr char kClaimLogitScale[] = "train.claim_logit_scale";
inline constexpr char kPrototypes[] = "train.prototypes";

// Every parameter of the model in its own order, then the scales of the patch-level terms and, if there are any, the
// prototypes of the self-supervised objective [prototypes, embed_dim].
// ERR_WORDMASK_INVALID_ARGUMENT for anything but a ViT.
std::vector<ParameterSpec> clip_parameters(const models::ClipConfig& config, int64_t prototypes = 0);

// Name -> tensor, as the towers read them. With gradients each worker holds leaves of its own on the shared storage.
using Leaves = std::unordered_map<std::string, at::Tensor>;

// All parameters in flat float32 buffers (values, gradient, two moments) and, for bfloat16, a flat copy of the values.
class ParameterStore {
 public:
  ParameterStore(std::vector<ParameterSpec> specs, bool bfloat16);
  const std::vector<ParameterSpec>& specs() const { return specs_; }
  size_t index(const std::string& name) const { return by_name_.at(name); }
  // Views of one parameter in a flat float32 buffer.
  at::Tensor value(size_t i) const { return view(values, i); }
  at::Tensor view(const at::Tensor& flat, size_t i) const;
  // Fresh leaves on the shared storage; with `requires_grad` those that are not frozen require gradients.
  Leaves leaves(bool requires_grad) const;
  // OpenAI's initialisation; all logit scales start at 1 / .07, prototypes as random directions.
  void initialize(const models::ClipConfig& config, uint64_t seed);
  // Rewrites the low-precision copy of one parameter after its values changed.
  void refresh(size_t i);
  void refresh();

  at::Tensor values, gradient, moment1, moment2;

 private:
  std::vector<ParameterSpec> specs_;
  std::unordered_map<std::string, size_t> by_name_;
  at::Tensor low_;  // bfloat16 copy; undefined in float32
};

}  // namespace wordmask::train

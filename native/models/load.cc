#include "models/load.h"

#include <ATen/core/grad_mode.h>

#include <set>
#include <unordered_map>

#include "models/packed_weight.h"

namespace wordmask::models {

namespace {
constexpr size_t kListed = 12;

std::string listed(const std::vector<std::string>& names) {
  std::string text = std::to_string(names.size());
  for (size_t i = 0; i < names.size() && i < kListed; ++i) text += (i ? ", " : ": ") + names[i];
  return names.size() > kListed ? text + ", ..." : text;
}

std::string shape_text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

// Shape of the model's tensor as its parts in the file give it.
std::vector<int64_t> shape_in_file(const std::vector<const weights::TensorEntry*>& parts, bool transposed) {
  auto shape = parts[0]->shape;
  for (size_t i = 1; i < parts.size(); ++i) {
    const auto& next = parts[i]->shape;
    if (shape.empty() || next.size() != shape.size() || !std::equal(shape.begin() + 1, shape.end(), next.begin() + 1))
      return next;
    shape[0] += next[0];
  }
  if (transposed && shape.size() == 2) std::swap(shape[0], shape[1]);
  return shape;
}

void check_keys(const std::vector<weights::NamedTensor>& state, const weights::Checkpoint& checkpoint,
                const KeyMap& keys) {
  std::unordered_map<std::string, const weights::TensorEntry*> entries;
  for (const auto& entry : checkpoint.entries()) entries[entry.key] = &entry;
  std::vector<std::string> missing, unexpected, misshaped;
  std::set<std::string> used;
  for (const auto& [key, tensor] : state) {
    const auto source = keys.source(key);
    std::vector<const weights::TensorEntry*> parts;
    for (const auto& name : source.keys) {
      used.insert(name);
      if (const auto found = entries.find(name); found != entries.end()) {
        parts.push_back(found->second);
      } else {
        missing.push_back(name);
      }
    }
    if (parts.size() != source.keys.size()) continue;
    const auto shape = shape_in_file(parts, source.transposed);
    if (tensor.sizes() != at::IntArrayRef(shape)) {
      misshaped.push_back(key + " " + shape_text(shape) + " instead of " + shape_text(tensor.sizes()));
    }
  }
  for (const auto& entry : checkpoint.entries()) {
    if (!used.contains(entry.key) && !keys.ignorable(entry.key)) unexpected.push_back(entry.key);
  }
  WM_CHECK(missing.empty() && unexpected.empty() && misshaped.empty(), code::kCheckpointKeys, "Expected the ",
           state.size(), " tensors of this architecture but the checkpoint does not fit. Missing ", listed(missing),
           "; unexpected ", listed(unexpected), "; wrong shape ", listed(misshaped),
           ". See what the file holds with: wordmask model info FILE");
}

at::Tensor read(const weights::Checkpoint& checkpoint, const Source& source, const at::TensorOptions& target) {
  std::vector<at::Tensor> parts;
  for (const auto& key : source.keys) parts.push_back(checkpoint.tensor(key));
  auto tensor = parts.size() == 1 ? parts[0] : at::cat(parts);
  if (source.transposed) tensor = tensor.t();
  // Always a copy: the file's memory map may go away or change.
  return tensor.to(target, /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Contiguous);
}

at::TensorOptions placement(const std::string& key, const LoadOptions& options) {
  const bool float32 = options.stays_float32 && options.stays_float32(key);
  return at::TensorOptions(options.device).dtype(float32 ? at::kFloat : options.dtype);
}
}  // namespace

std::vector<weights::NamedTensor> named_state(const torch::nn::Module& module) {
  unpack_all(module);
  std::vector<weights::NamedTensor> state;
  for (const auto& item : module.named_parameters()) state.push_back({item.key(), item.value()});
  for (const auto& item : module.named_buffers()) state.push_back({item.key(), item.value()});
  return state;
}

void load_weights(torch::nn::Module& module, const weights::Checkpoint& checkpoint, const KeyMap& keys,
                  const LoadOptions& options, const Cancel& cancel, const Progress& progress) {
  // Weights are ordinary tensors even when the caller is in InferenceMode: the trainer starts from loaded models too.
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  auto state = named_state(module);
  check_keys(state, checkpoint, keys);
  double done = 0;
  for (auto& [key, tensor] : state) {
    if (cancel) cancel->check();
    tensor.set_data(read(checkpoint, keys.source(key), placement(key, options)));
    if (progress) progress(++done, static_cast<double>(state.size()));
  }
}

void convert(torch::nn::Module& module, const LoadOptions& options) {
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  for (auto& [key, tensor] : named_state(module)) tensor.set_data(tensor.to(placement(key, options)));
}

}  // namespace wordmask::models

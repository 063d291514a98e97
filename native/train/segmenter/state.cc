#include "train/segmenter/state.h"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "models/load.h"
#include "weights/checkpoint.h"

namespace wordmask::train {

namespace {
constexpr int kFormat = 1;
constexpr char kKind[] = "wordmask-train-segmenter";

std::string exact(double value) { return nlohmann::json(value).dump(); }

// The network, then the moments, by the names they have in the file.
std::vector<weights::NamedTensor> everything(const models::DeepLabV3PlusImpl& model, const Optimiser& optimiser) {
  std::vector<weights::NamedTensor> all;
  for (const auto& [key, tensor] : models::named_state(model)) all.push_back({"model." + key, tensor});
  for (const auto& slot : optimiser.slots()) {
    all.push_back({"moment1." + slot.name, slot.moment1});
    if (slot.moment2.defined()) all.push_back({"moment2." + slot.name, slot.moment2});
  }
  return all;
}
}  // namespace

void save_checkpoint(const std::string& file, const models::DeepLabV3PlusImpl& model, const Optimiser& optimiser,
                     const SegmenterState& state, const std::string& recipe) {
  weights::write_safetensors(file, everything(model, optimiser),
                             {{"kind", kKind},
                              {"version", std::to_string(kFormat)},
                              {"recipe", recipe},
                              {"step", std::to_string(state.step)},
                              {"looked", std::to_string(state.looked)},
                              {"bestStep", std::to_string(state.best_step)},
                              {"bestMiou", exact(state.best_miou)},
                              {"sinceBest", std::to_string(state.since_best)},
                              {"seconds", exact(state.seconds)},
                              {"cpuSeconds", exact(state.cpu_seconds)}});
}

bool load_checkpoint(const std::string& file, models::DeepLabV3PlusImpl& model, Optimiser& optimiser,
                     SegmenterState& state, const std::string& recipe) {
  if (!std::filesystem::exists(file)) return false;
  const auto checkpoint = weights::open_checkpoint({file});
  const auto& meta = checkpoint->metadata();
  const auto get = [&](const char* key) -> std::string {
    const auto found = meta.find(key);
    WM_CHECK(found != meta.end(), code::kCheckpoint, file, " is no checkpoint of a segmenter's training: it has no \"",
             key, "\"; train into another folder");
    return found->second;
  };
  WM_CHECK(get("kind") == kKind, code::kCheckpoint, file,
           " is no checkpoint of a segmenter's training; train into another folder");
  WM_CHECK(std::atoi(get("version").c_str()) <= kFormat, code::kVersion, file, " has format version ", get("version"),
           ", newer than ", kFormat, ": update wordmask");
  WM_CHECK(get("recipe") == recipe, code::kInvalidArgument, file,
           " was made by another recipe; train into an empty folder, or give the options it was started with: ",
           get("recipe"));
  std::unordered_set<std::string> keys;
  for (const auto& entry : checkpoint->entries()) keys.insert(entry.key);
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  for (auto& [key, tensor] : everything(model, optimiser)) {
    WM_CHECK(keys.contains(key), code::kCheckpoint, file, " lacks ", key);
    const auto stored = checkpoint->tensor(key);
    WM_CHECK(stored.sizes() == tensor.sizes() && stored.scalar_type() == tensor.scalar_type(), code::kCheckpoint, file,
             ": expected ", tensor.sizes(), " for ", key, " but received ", stored.sizes());
    tensor.copy_(stored);
  }
  state.step = std::atoll(get("step").c_str());
  state.looked = std::atoll(get("looked").c_str());
  state.best_step = std::atoll(get("bestStep").c_str());
  state.best_miou = std::atof(get("bestMiou").c_str());
  state.since_best = std::atoll(get("sinceBest").c_str());
  state.seconds = std::atof(get("seconds").c_str());
  state.cpu_seconds = std::atof(get("cpuSeconds").c_str());
  return true;
}

}  // namespace wordmask::train

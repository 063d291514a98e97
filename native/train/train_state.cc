#include "train/train_state.h"

#include <ATen/ATen.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "weights/checkpoint.h"

namespace wordmask::train {
namespace {

using json = nlohmann::json;
constexpr int kFormat = 1;

std::string sizes(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// Copies one tensor of a checkpoint into a view, or notes what is wrong with it.
void take(const weights::Checkpoint& checkpoint, const std::string& key, const std::vector<int64_t>& shape,
          const at::Tensor& into, std::string& problems) {
  for (const auto& entry : checkpoint.entries()) {
    if (entry.key != key) continue;
    if (entry.shape != shape) {
      problems += "\n  " + key + ": expected shape " + sizes(shape) + " but received " + sizes(entry.shape);
      return;
    }
    into.copy_(checkpoint.tensor(key));
    return;
  }
  problems += "\n  " + key + ": missing";
}

}  // namespace

std::string recipe_of(const TrainClipOptions& o) {
  json stages = json::array();
  for (const auto& stage : o.stages) stages.push_back({stage.steps, stage.batch_size, stage.size});
  const auto& v = o.model.vision;
  const auto& t = o.model.text;
  json recipe{{"model",
               {o.model.embed_dim, static_cast<int>(o.model.activation), o.model.layer_norm_eps, v.image_size,
                v.patch_size, v.width, v.layers, v.heads, v.mlp_width, t.context_length, t.vocab_size, t.width,
                t.layers, t.heads, t.mlp_width, t.end_of_text, t.vocabulary}},
              {"data", {o.scene_pack.empty() ? "packed" : "scenes"}},
              {"initial", !o.initial.empty()},
              {"seed", o.seed},
              {"stages", stages},
              {"learningRate", o.learning_rate},
              {"weightDecay", o.weight_decay},
              {"betas", {o.beta1, o.beta2}},
              {"warmupSteps", o.warmup_steps},
              {"clipNorm", o.clip_norm},
              {"patchLoss", o.patch_loss},
              {"claimLoss", o.claim_loss},
              {"softTargets", o.soft_targets},
              {"freeze", {o.freeze_vision, o.freeze_text}},
              {"dtype", o.bfloat16 ? "bfloat16" : "float32"},
              {"workers", o.workers}};
  if (o.objective == Objective::kViews) recipe["objective"] = "views";
  return recipe.dump();
}

void save_checkpoint(const std::string& file, const ParameterStore& store, const TrainState& state,
                     const std::string& recipe) {
  std::vector<weights::NamedTensor> tensors;
  for (size_t i = 0; i < store.specs().size(); ++i) {
    const auto& name = store.specs()[i].name;
    tensors.push_back({"model." + name, store.value(i)});
    tensors.push_back({"moment1." + name, store.view(store.moment1, i)});
    tensors.push_back({"moment2." + name, store.view(store.moment2, i)});
  }
  weights::write_safetensors(file, tensors,
                             {{"kind", "wordmask-train"},
                              {"version", std::to_string(kFormat)},
                              {"recipe", recipe},
                              {"step", std::to_string(state.step)},
                              {"seconds", std::to_string(state.seconds)},
                              {"cpuSeconds", std::to_string(state.cpu_seconds)}});
}

bool load_checkpoint(const std::string& file, ParameterStore& store, TrainState& state, const std::string& recipe) {
  if (!std::filesystem::exists(file)) return false;
  const auto checkpoint = weights::open_checkpoint({file});
  const auto& meta = checkpoint->metadata();
  const auto get = [&](const char* key) -> std::string {
    const auto found = meta.find(key);
    WM_CHECK(found != meta.end(), code::kCheckpoint, file, " is not a training checkpoint: it has no \"", key,
             "\"; train into another folder");
    return found->second;
  };
  WM_CHECK(get("kind") == "wordmask-train", code::kCheckpoint, file,
           " is not a training checkpoint; train into another folder");
  WM_CHECK(std::atoi(get("version").c_str()) <= kFormat, code::kVersion, file, " has format version ", get("version"),
           ", newer than ", kFormat, ": update wordmask");
  WM_CHECK(get("recipe") == recipe, code::kInvalidArgument, file,
           " was made by another recipe; train into an empty folder, or give the options it was started with: ",
           get("recipe"));
  std::string problems;
  for (size_t i = 0; i < store.specs().size(); ++i) {
    const auto& spec = store.specs()[i];
    take(*checkpoint, "model." + spec.name, spec.shape, store.value(i), problems);
    take(*checkpoint, "moment1." + spec.name, spec.shape, store.view(store.moment1, i), problems);
    take(*checkpoint, "moment2." + spec.name, spec.shape, store.view(store.moment2, i), problems);
  }
  WM_CHECK(problems.empty(), code::kCheckpointKeys, file, " does not fit the model:", problems);
  state.step = std::atoll(get("step").c_str());
  state.seconds = std::atof(get("seconds").c_str());
  state.cpu_seconds = std::atof(get("cpuSeconds").c_str());
  store.refresh();
  return true;
}

void save_weights(const std::string& file, const ParameterStore& store, at::ScalarType dtype) {
  std::vector<weights::NamedTensor> tensors;
  for (size_t i = 0; i < store.specs().size(); ++i) {
    if (!store.specs()[i].state_only) tensors.push_back({store.specs()[i].name, store.value(i).to(dtype)});
  }
  weights::write_safetensors(file, tensors, {});
}

void load_weights(const std::vector<std::string>& files, ParameterStore& store) {
  const auto checkpoint = weights::open_checkpoint(files);
  std::string problems;
  std::set<std::string> known;
  for (size_t i = 0; i < store.specs().size(); ++i) {
    const auto& spec = store.specs()[i];
    if (spec.state_only) continue;
    known.insert(spec.name);
    take(*checkpoint, spec.name, spec.shape, store.value(i), problems);
  }
  // OpenAI's archives carry these beside the weights.
  const std::set<std::string> ignored{"input_resolution", "context_length", "vocab_size"};
  for (const auto& entry : checkpoint->entries()) {
    if (!known.count(entry.key) && !ignored.count(entry.key)) problems += "\n  " + entry.key + ": unexpected";
  }
  WM_CHECK(problems.empty(), code::kCheckpointKeys, files.front(),
           " does not fit the model (expected OpenAI's keys):", problems);
  store.refresh();
}

}  // namespace wordmask::train

#include "train/parameters.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "base/error.h"
#include "models/clip.h"
#include "models/init.h"
#include "models/load.h"
#include "train/image_init.h"

namespace wordmask::train {
namespace {

using models::ClipConfig;
using models::VisionConfig;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

std::vector<ParameterSpec> clip_parameters(const ClipConfig& config, int64_t prototypes) {
  WM_CHECK(config.vision.kind == VisionConfig::Kind::kVit, code::kInvalidArgument,
           "Expected a ViT image tower for training but received a ResNet; the trainer takes ViT models");
  std::vector<ParameterSpec> specs;
  for (const auto& [name, tensor] : models::named_state(models::ClipImpl(config))) {
    const bool vision = name.rfind("visual.", 0) == 0, scale = name == kLogitScale;
    const bool table = scale || ends_with(name, "_embedding") || name == "token_embedding.weight";
    ParameterSpec spec;
    spec.name = name;
    spec.shape = tensor.sizes().vec();
    spec.part = scale ? Part::kHead : vision ? Part::kVision : Part::kText;
    spec.decay = !table && tensor.dim() >= 2;
    spec.full = table;
    specs.push_back(spec);
  }
  for (const char* name : {kPatchLogitScale, kClaimLogitScale}) {
    ParameterSpec scale;
    scale.name = name;
    scale.full = scale.state_only = true;
    specs.push_back(scale);
  }
  if (prototypes > 0) {
    auto table = specs.back();
    table.name = kPrototypes;
    table.shape = {prototypes, config.embed_dim};
    specs.push_back(table);
  }
  return specs;
}

ParameterStore::ParameterStore(std::vector<ParameterSpec> specs, bool bfloat16) : specs_(std::move(specs)) {
  int64_t offset = 0;
  for (size_t i = 0; i < specs_.size(); ++i) {
    auto& spec = specs_[i];
    spec.size = 1;
    for (const int64_t n : spec.shape) spec.size *= n;
    spec.offset = offset;
    offset += (spec.size + 15) / 16 * 16;  // each starts on a cache line
    by_name_[spec.name] = i;
  }
  values = at::zeros({offset}, at::kFloat);
  gradient = at::zeros({offset}, at::kFloat);
  moment1 = at::zeros({offset}, at::kFloat);
  moment2 = at::zeros({offset}, at::kFloat);
  if (bfloat16) low_ = at::zeros({offset}, at::kBFloat16);
}

at::Tensor ParameterStore::view(const at::Tensor& flat, size_t i) const {
  const auto& spec = specs_[i];
  return flat.narrow(0, spec.offset, spec.size).view(spec.shape);
}

Leaves ParameterStore::leaves(bool requires_grad) const {
  Leaves leaves;
  for (size_t i = 0; i < specs_.size(); ++i) {
    const bool low = low_.defined() && !specs_[i].full;
    auto leaf = view(low ? low_ : values, i).detach();
    leaves[specs_[i].name] = leaf.set_requires_grad(requires_grad && !specs_[i].frozen);
  }
  return leaves;
}

void ParameterStore::initialize(const ClipConfig& config, uint64_t seed) {
  models::ClipImpl clip(config);
  models::initialize(clip, seed);
  for (const auto& [name, tensor] : models::named_state(clip)) value(index(name)).copy_(tensor);
  for (const char* name : {kLogitScale, kPatchLogitScale, kClaimLogitScale})
    value(index(name)).fill_(std::log(1 / 0.07));
  if (by_name_.contains(kPrototypes)) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    value(index(kPrototypes)).normal_(0, std::pow(config.embed_dim, -0.5), generator);
  }
  initialize_image_tower(config, seed, *this);
  refresh();
}

void ParameterStore::refresh(size_t i) {
  if (low_.defined() && !specs_[i].full) view(low_, i).copy_(view(values, i));
}

void ParameterStore::refresh() {
  for (size_t i = 0; i < specs_.size(); ++i) refresh(i);
}

}  // namespace wordmask::train

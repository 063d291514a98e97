#include "models/deeplabv3plus.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "models/load.h"

namespace wordmask::models {

namespace {
DeepLabConfig checked(const DeepLabConfig& config) {
  check_config(config);
  return config;
}

std::array<int64_t, 3> rates(const DeepLabConfig& config) {
  return config.output_stride == 8 ? std::array<int64_t, 3>{12, 24, 36} : std::array<int64_t, 3>{6, 12, 18};
}
}  // namespace

DeepLabHeadImpl::DeepLabHeadImpl(const DeepLabConfig& config, const Backbone& backbone) {
  const int64_t low = scaled_channels(48, config.width), width = scaled_channels(256, config.width);
  project = register_module("project", ConvNorm(backbone.low_channels, low, 1));
  aspp = register_module("aspp", Aspp(backbone.channels, width, rates(config)));
  const auto last = register_module("classifier", std::make_shared<Numbered>());
  refine = last->add(0, SeparableConv(low + width, width, 1));
  refine_norm = last->add(1, BatchNorm(width));
  classify = last->add(3, Conv(width, config.classes, 1, 1, 0, /*biased=*/true));
}

at::Tensor DeepLabHeadImpl::forward(const BackboneFeatures& features) {
  const auto low = project->relu(features.low);
  const auto wide = at::upsample_bilinear2d(aspp(features.high), low.sizes().slice(2), /*align_corners=*/false);
  return classify->alone(refine->normed(at::cat({low, wide}, 1), *refine_norm));
}

DeepLabV3PlusImpl::DeepLabV3PlusImpl(const DeepLabConfig& given) : config(checked(given)) {
  const bool mobile = config.backbone == DeepLabConfig::Backbone::kMobileNetV2;
  backbone = register_module("backbone", mobile ? make_mobilenet(config) : make_resnet(config));
  classifier = register_module("classifier", DeepLabHead(config, *backbone));
  if (mobile) make_light(*backbone);
  make_light(*classifier);
}

at::Tensor DeepLabV3PlusImpl::forward(const at::Tensor& pixels) {
  // Light convolutions take pictures in any order.
  const bool any = config.backbone == DeepLabConfig::Backbone::kMobileNetV2 && c10::InferenceMode::is_enabled();
  return classifier(backbone->forward(any ? pixels : pixels.contiguous(at::MemoryFormat::ChannelsLast)));
}

KeyMap deeplab_keys() {
  return {[](const std::string& key) { return Source{{key}}; },
          [](const std::string& key) { return key.ends_with("num_batches_tracked"); }};
}

KeyMap backbone_keys(const weights::Checkpoint& checkpoint) {
  const std::string own = "backbone.";
  const bool whole = std::ranges::any_of(checkpoint.entries(), [&](const auto& e) { return e.key.starts_with(own); });
  const auto ignorable = [](const std::string& key) {
    return key.ends_with("num_batches_tracked") || key.starts_with("fc.") || key.starts_with("classifier.") ||
           key.starts_with("features.18.");
  };
  return {[prefix = whole ? own : ""](const std::string& key) { return Source{{prefix + key}}; }, ignorable};
}

std::vector<weights::NamedTensor> checkpoint_state(const DeepLabV3PlusImpl& model, int64_t batches) {
  auto state = named_state(model);
  for (const auto& item : model.named_modules("", /*include_self=*/false))
    if (item.value()->as<BatchNormImpl>() != nullptr)
      state.push_back({item.key() + ".num_batches_tracked", at::full({}, batches, at::kLong)});
  return state;
}

std::function<bool(const std::string&)> norm_keys(const torch::nn::Module& module) {
  std::set<std::string> keys;
  for (const auto& item : module.named_modules("", /*include_self=*/false)) {
    if (item.value()->as<BatchNormImpl>() == nullptr) continue;
    for (const char* leaf : {".weight", ".bias", ".running_mean", ".running_var"}) keys.insert(item.key() + leaf);
  }
  return [keys](const std::string& key) { return keys.contains(key); };
}

void initialize(DeepLabV3PlusImpl& model, uint64_t seed) {
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (auto& item : model.named_parameters()) {
    auto& weight = item.value();
    const auto fan = [&](int64_t channels) { return static_cast<double>(channels * weight.size(2) * weight.size(3)); };
    if (weight.dim() == 4) {
      const bool backbone = item.key().starts_with("backbone.");
      weight.normal_(0, std::sqrt(2 / fan(weight.size(backbone ? 0 : 1))), generator);
    } else {
      weight.fill_(item.key().ends_with(".weight") ? 1 : 0);
    }
  }
  auto& classify = model.classifier->classify;
  const double bound = 1 / std::sqrt(static_cast<double>(classify->weight.size(1)));
  classify->bias.uniform_(-bound, bound, generator);
}

}  // namespace wordmask::models

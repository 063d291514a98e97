#include "base/error.h"
#include "bindings/convert.h"

namespace wordmask::bindings {
namespace {

constexpr int kMaxWidth = 1 << 16;
constexpr int kMaxLayers = 1000;
constexpr int kMaxVocabulary = 10'000'000;

int size(const Argument& object, const char* key, int high = kMaxWidth) {
  return static_cast<int>(object[key].integer(1, high));
}

models::VisionConfig read_vision(const Argument& argument) {
  models::VisionConfig config;
  config.image_size = size(argument, "imageSize");
  config.width = size(argument, "width");
  config.heads = size(argument, "heads");
  if (argument["kind"].one_of({"vit", "resnet"}) == "vit") {
    config.kind = models::VisionConfig::Kind::kVit;
    config.patch_size = size(argument, "patchSize");
    config.layers = size(argument, "layers", kMaxLayers);
    config.mlp_width = size(argument, "mlpWidth");
    return config;
  }
  config.kind = models::VisionConfig::Kind::kResNet;
  const Argument stages = argument["layers"];
  if (stages.length() != 4) stages.wrong("an array of 4 block counts");
  for (uint32_t i = 0; i < 4; ++i) config.stages.push_back(static_cast<int>(stages.at(i).integer(1, kMaxLayers)));
  return config;
}

models::TextConfig read_text(const Argument& argument) {
  models::TextConfig config;
  config.context_length = size(argument, "contextLength");
  config.vocab_size = size(argument, "vocabSize", kMaxVocabulary);
  config.width = size(argument, "width");
  config.layers = size(argument, "layers", kMaxLayers);
  config.heads = size(argument, "heads");
  config.mlp_width = size(argument, "mlpWidth");
  config.end_of_text = argument["endOfText"].integer(-1, config.vocab_size - 1);
  if (const Argument vocabulary = argument["vocabulary"]; vocabulary.given()) {
    for (uint32_t i = 0, n = vocabulary.length(); i < n; ++i) {
      const int64_t low = i == 0 ? 0 : config.vocabulary.back() + 1;
      config.vocabulary.push_back(vocabulary.at(i).integer(low, config.vocab_size - 1));
    }
    if (config.vocabulary.empty()) vocabulary.wrong("at least one token id");
  }
  return config;
}

}  // namespace

models::ClipConfig read_clip_config(const Argument& argument) {
  models::ClipConfig config;
  config.embed_dim = size(argument, "embedDim");
  config.activation = argument["activation"].one_of({"quick_gelu", "gelu"}) == "gelu" ? models::Activation::kGelu
                                                                                      : models::Activation::kQuickGelu;
  config.layer_norm_eps = argument["layerNormEps"].number(0, 1);
  config.dense = argument["dense"].one_of({"value", "residual"}) == "value" ? models::ClipConfig::Dense::kValue
                                                                            : models::ClipConfig::Dense::kResidual;
  config.vision = read_vision(argument["vision"]);
  config.text = read_text(argument["text"]);
  config.keys = argument["keys"].one_of({"openai", "huggingface"}) == "openai" ? models::ClipConfig::Keys::kOpenAi
                                                                               : models::ClipConfig::Keys::kHuggingFace;
  return config;
}

}  // namespace wordmask::bindings

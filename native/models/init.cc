#include "models/init.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "models/batch_norm.h"
#include "models/encoder.h"

namespace wordmask::models {

namespace {
bool ends_with_any(const std::string& key, std::initializer_list<const char*> ends) {
  for (const char* end : ends) {
    if (key.ends_with(end)) return true;
  }
  return false;
}

bool is_norm(const std::string& key) {
  for (const char* part : {"ln_", "bn", "norm", "downsample.1.", "gamma"}) {
    if (key.find(part) != std::string::npos) return true;
  }
  return false;
}

// Inputs that one output of the matrix or convolution sums over.
double fan_in(const std::string& key, const at::Tensor& weight) {
  if (ends_with_any(key, {"visual.proj", "text_projection"})) return static_cast<double>(weight.size(0));
  return static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
}

// Standard deviation of OpenAI's initialize_parameters.
double openai_std(const std::string& key, const at::Tensor& weight, const ClipConfig& config) {
  const bool visual = key.starts_with("visual.");
  const double width = visual ? config.vision.width : config.text.width;
  const double layers = visual ? config.vision.layers : config.text.layers;
  const double in_block = std::pow(width, -0.5);
  if (key == "token_embedding.weight") return 0.02;
  if (key == "positional_embedding") return 0.01;
  if (key == "text_projection" || key == "visual.proj") return in_block;
  if (key == "visual.attnpool.positional_embedding") return std::pow(weight.size(1), -0.5);
  if (ends_with_any(key, {"class_embedding", "positional_embedding"})) return in_block;
  if (key.ends_with("attn.in_proj_weight")) return in_block;
  if (ends_with_any(key, {"attn.out_proj.weight", "mlp.c_proj.weight"})) return in_block * std::pow(2 * layers, -0.5);
  if (key.ends_with("mlp.c_fc.weight")) return std::pow(2 * width, -0.5);
  return std::pow(fan_in(key, weight), -0.5);
}

using Look = std::function<void(const at::Tensor& pixels)>;

// BatchNorm statistics are set to those of one batch of smooth pictures.
void calibrate(torch::nn::Module& tower, int64_t size, const Look& look, at::Generator& generator) {
  std::vector<BatchNormImpl*> norms;
  for (const auto& module : tower.modules()) {
    if (auto* norm = module->as<BatchNormImpl>()) norms.push_back(norm);
  }
  if (norms.empty()) return;
  const auto pixels = at::upsample_bicubic2d(at::randn({8, 3, 7, 7}, generator), {size, size}, /*align_corners=*/false);
  const auto momentum = norms[0]->momentum;
  for (auto* norm : norms) norm->momentum = 1, norm->train();
  look(pixels);
  for (auto* norm : norms) norm->momentum = momentum, norm->eval();
}

template <class Draw>
void for_each_parameter(torch::nn::Module& module, at::Generator& generator, const Draw& draw) {
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) draw(item.key(), item.value(), generator);
}

void redraw_all(torch::nn::Module& module, at::Generator& generator) {
  for_each_parameter(module, generator, [&](const std::string& key, at::Tensor& weight, at::Generator& generator) {
    if (key == "logit_scale") {
      weight.fill_(std::log(1 / 0.07));
    } else if (is_norm(key)) {
      weight.normal_(key.ends_with("bias") ? 0 : 1, 0.1, generator);
    } else if (ends_with_any(key, {"bias"})) {
      weight.normal_(0, 0.1, generator);
    } else if (ends_with_any(key, {"embedding", "embedding.weight", "_token", "_tokens", "pos_embed"})) {
      weight.normal_(0, 0.5, generator);
    } else {
      weight.normal_(0, std::pow(fan_in(key, weight), -0.5), generator);
    }
  });
}
}  // namespace

void initialize(ClipImpl& clip, uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for_each_parameter(clip, generator, [&](const std::string& key, at::Tensor& weight, at::Generator& generator) {
    if (key == "logit_scale") {
      weight.fill_(std::log(1 / 0.07));
    } else if (is_norm(key)) {
      weight.fill_(key.ends_with(".weight") && !key.ends_with("bn3.weight") ? 1 : 0);
      if (key == "visual.bn3.weight") weight.fill_(1);  // the stem's, not that of a residual branch
    } else if (weight.dim() == 4) {
      const double bound = std::pow(fan_in(key, weight), -0.5);
      weight.uniform_(-bound, bound, generator);
    } else if (ends_with_any(key, {"bias"})) {
      weight.zero_();
    } else {
      weight.normal_(0, openai_std(key, weight, clip.config), generator);
    }
  });
}

void redraw(ClipImpl& clip, uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  redraw_all(clip, generator);
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  calibrate(
      *clip.visual, clip.config.vision.image_size, [&](const at::Tensor& pixels) { clip.encode_image(pixels); },
      generator);
}

void redraw(EncoderTower& encoder, uint64_t seed) {
  constexpr int64_t kSize = 224;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  redraw_all(encoder, generator);
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  calibrate(
      encoder, kSize, [&](const at::Tensor& pixels) { encoder.features(pixels); }, generator);
}

}  // namespace wordmask::models

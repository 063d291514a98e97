#include <ATen/ATen.h>

#include "models/clip.h"
#include "models/init.h"
#include "testing.h"
#include "train/adamw.h"
#include "train/losses.h"
#include "train/options_json.h"
#include "train/schedule.h"
#include "train/step.h"
#include "train/towers.h"
#include "train/views.h"

namespace wordmask::testing {
namespace {

Napi::Value to_js(Napi::Env env, const at::Tensor &tensor) {
  const auto values = tensor.detach().to(at::kFloat).contiguous();
  auto data = Napi::Float32Array::New(env, values.numel());
  std::copy_n(values.const_data_ptr<float>(), values.numel(), data.Data());
  auto shape = Napi::Array::New(env);
  for (int64_t i = 0; i < values.dim(); ++i) shape[static_cast<uint32_t>(i)] = static_cast<double>(values.size(i));
  auto result = Napi::Object::New(env);
  result["data"] = data;
  result["shape"] = shape;
  return result;
}

// contrastiveLoss(logits [n, m], positive [n, m]) -> { loss, gradient }
Napi::Value contrastive_loss(const Napi::CallbackInfo &info) {
  c10::AutoGradMode mode(true);
  const auto logits = read_tensor({info[0], "logits"}).set_requires_grad(true);
  const auto loss = train::contrastive_loss(logits, read_tensor({info[1], "positive"}));
  loss.backward();
  auto result = Napi::Object::New(info.Env());
  result["loss"] = loss.item<double>();
  result["gradient"] = to_js(info.Env(), logits.grad());
  return result;
}

// pooledSimilarity(patches [b, N, d], text [m, d]) -> [b, m]
Napi::Value pooled_similarity(const Napi::CallbackInfo &info) {
  return to_js(info.Env(), train::pooled_similarity(train::patch_similarity(read_tensor({info[0], "patches"}),
                                                                            read_tensor({info[1], "text"}))));
}

// captionTruth([{ present: number[], captions: [{ named: number[], everything }] }]) -> [n, n * captions each]
Napi::Value caption_truth(const Napi::CallbackInfo &info) {
  const auto names = [](const Argument &list) {
    train::Names set;
    for (uint32_t i = 0; i < list.length(); ++i) set.set(list.at(i).integer(0, 255));
    return set;
  };
  const Argument pictures(info[0], "pictures");
  std::vector<train::Sample> samples(pictures.length());
  std::vector<const train::Sample *> all;
  for (uint32_t i = 0; i < pictures.length(); ++i) {
    samples[i].present = names(pictures.at(i)["present"]);
    const auto captions = pictures.at(i)["captions"];
    for (uint32_t k = 0; k < captions.length(); ++k)
      samples[i].captions.push_back({{}, names(captions.at(k)["named"]), captions.at(k)["everything"].boolean()});
    all.push_back(&samples[i]);
  }
  return to_js(info.Env(), train::caption_truth(all));
}

// claimLoss(patches [b, N, d], names [m, d], present [b, m], scale) -> { loss, gradient [b, N, d] }
Napi::Value claim_loss(const Napi::CallbackInfo &info) {
  c10::AutoGradMode mode(true);
  const auto patches = read_tensor({info[0], "patches"}).set_requires_grad(true);
  const auto scale = at::full({}, Argument(info[3], "scale").number(-1e9, 1e9));
  const auto similarity = train::patch_similarity(patches, read_tensor({info[1], "names"}));
  const auto loss = train::claim_loss(similarity, read_tensor({info[2], "present"}), scale);
  loss.backward();
  auto result = Napi::Object::New(info.Env());
  result["loss"] = loss.item<double>();
  result["gradient"] = to_js(info.Env(), patches.grad());
  return result;
}

// swappedPrediction(first [n, k], second [n, k]) -> { loss, gradient: of the first }
Napi::Value swapped_prediction(const Napi::CallbackInfo &info) {
  c10::AutoGradMode mode(true);
  const auto first = read_tensor({info[0], "first"}).set_requires_grad(true);
  const auto loss = train::swapped_prediction_loss(first, read_tensor({info[1], "second"}));
  loss.backward();
  auto result = Napi::Object::New(info.Env());
  result["loss"] = loss.item<double>();
  result["gradient"] = to_js(info.Env(), first.grad());
  return result;
}

// balancedAssignment(scores [n, k]) -> [n, k]
Napi::Value balanced_assignment(const Napi::CallbackInfo &info) {
  return to_js(info.Env(), train::balanced_assignment(read_tensor({info[0], "scores"})));
}

// viewShown({ side, patch, scaled, left, top, firstMirrored, secondMirrored }) -> the patch of the first look by patch
// of the second
Napi::Value view_shown(const Napi::CallbackInfo &info) {
  const Argument given(info[0], "window");
  const auto integer = [&](const char *key) { return static_cast<int>(given[key].integer(0, 1 << 20)); };
  const train::ViewWindow window{integer("side"),
                                 integer("patch"),
                                 integer("scaled"),
                                 integer("left"),
                                 integer("top"),
                                 given["firstMirrored"].boolean(),
                                 given["secondMirrored"].boolean()};
  const int64_t grid = window.side / window.patch;
  auto shown = at::empty({grid * grid});
  for (int64_t i = 0; i < grid * grid; ++i) shown[i] = static_cast<float>(window.shown(i));
  return to_js(info.Env(), shown);
}

// adamw({ learningRate, beta1, beta2, weightDecay, scale }, values, gradients
// [steps][n]) -> values after every step
Napi::Value adamw(const Napi::CallbackInfo &info) {
  const Argument options(info[0], "options");
  const auto get = [&](const char *key) { return options[key].number(-1e9, 1e9); };
  auto values = read_tensor({info[1], "values"});
  const auto gradients = read_tensor({info[2], "gradients"});
  auto m = at::zeros_like(values), v = at::zeros_like(values);
  for (int64_t step = 0; step < gradients.size(0); ++step) {
    const auto gradient = gradients[step].contiguous();
    train::adamw_step({get("learningRate"), get("beta1"), get("beta2"), get("weightDecay"), 1e-8, step + 1},
                      values.numel(), static_cast<float>(get("scale")), gradient.const_data_ptr<float>(),
                      values.data_ptr<float>(), m.data_ptr<float>(), v.data_ptr<float>());
  }
  return to_js(info.Env(), values);
}

// cosineRate(step, steps, warmup, peak)
Napi::Value cosine_rate(const Napi::CallbackInfo &info) {
  const auto integer = [&](size_t i) { return Argument(info[i], "argument").integer(0, int64_t{1} << 40); };
  return Napi::Number::New(
      info.Env(), train::cosine_rate(integer(0), integer(1), integer(2), Argument(info[3], "peak").number(0, 1)));
}

// stepGradient(options JSON) -> { loss, gradient: { name: tensor } } of the
// first step
Napi::Value step_gradient(const Napi::CallbackInfo &info) {
  const auto options = train::parse_options(Argument(info[0], "options").string());
  const auto source = train::open_source(options);
  train::ParameterStore store(train::parameters_of(options), options.bfloat16);
  store.initialize(options.model, options.seed);
  train::WorkerPool pool(options.workers);
  const auto step = train::make_step(options, *source, store, pool);
  const auto output = step->run({0, options.stages[0].batch_size, options.stages[0].size});
  auto gradient = Napi::Object::New(info.Env());
  for (size_t i = 0; i < store.specs().size(); ++i)
    gradient[store.specs()[i].name] = to_js(info.Env(), store.view(store.gradient, i));
  auto result = Napi::Object::New(info.Env());
  result["loss"] = output.loss;
  result["gradient"] = gradient;
  return result;
}

// trainTowers(options JSON, pixels [n, 3, s, s], tokens [n][]) -> the training
// towers beside native/models on the same weights
Napi::Value train_towers(const Napi::CallbackInfo &info) {
  c10::InferenceMode inference(false);
  at::NoGradGuard no_grad;
  const auto config = train::parse_config(Argument(info[0], "config").string());
  const auto pixels = read_tensor({info[1], "pixels"});
  const auto tokens = read_tensor({info[2], "tokens"}).to(at::kLong);
  models::ClipImpl clip(config);
  models::redraw(clip, 7);
  train::ParameterStore store(train::clip_parameters(config), false);
  for (const auto &item : clip.named_parameters()) store.value(store.index(item.key())).copy_(item.value());
  const auto leaves = store.leaves(false);
  const int64_t n = pixels.size(0), p = config.vision.patch_size, grid = pixels.size(2) / p;
  const auto patches =
      pixels.view({n, 3, grid, p, grid, p}).permute({0, 2, 4, 1, 3, 5}).reshape({n, grid * grid, 3 * p * p});
  const auto positions = at::arange(1, grid * grid + 1, at::kLong).expand({n, grid * grid});
  const auto image = train::image_tower(leaves, config, patches, positions, true);
  const auto ends = (tokens == config.text.end_of_text).to(at::kInt).argmax(1);
  auto result = Napi::Object::New(info.Env());
  result["image"] = to_js(info.Env(), image.embedding);
  result["imageModel"] = to_js(info.Env(), clip.encode_image(pixels));
  result["patches"] = to_js(info.Env(), image.patches);
  result["patchesModel"] = to_js(info.Env(), train::unit_rows(clip.visual->dense(pixels)).view_as(image.patches));
  result["text"] = to_js(info.Env(), train::text_tower(leaves, config, tokens, ends));
  result["textModel"] = to_js(info.Env(), clip.encode_text(tokens));
  return result;
}

}  // namespace

void define_train(Napi::Env env, Napi::Object exports) {
  define<contrastive_loss>(exports, "contrastiveLoss");
  define<pooled_similarity>(exports, "pooledSimilarity");
  define<caption_truth>(exports, "captionTruth");
  define<claim_loss>(exports, "claimLoss");
  define<swapped_prediction>(exports, "swappedPrediction");
  define<balanced_assignment>(exports, "balancedAssignment");
  define<view_shown>(exports, "viewShown");
  define<adamw>(exports, "adamw");
  define<cosine_rate>(exports, "cosineRate");
  define<step_gradient>(exports, "stepGradient");
  define<train_towers>(exports, "trainTowers");
}

}  // namespace wordmask::testing

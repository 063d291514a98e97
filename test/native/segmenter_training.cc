#include <ATen/ATen.h>

#include "bindings/deeplab_config.h"
#include "deeplab.h"
#include "formula_weights.h"
#include "tensor_js.h"
#include "testing.h"
#include "train/schedule.h"
#include "train/segmenter/colour.h"
#include "train/segmenter/step.h"

namespace wordmask::testing {
namespace {

using train::TrainSegmenterOptions;

// The norm of a tensor and its product with a pattern of 1 and -1: two numbers that a wrong tensor does not have.
Napi::Array digest(Napi::Env env, const at::Tensor& given) {
  const auto values = given.detach().to(at::kDouble).contiguous().view(-1);
  const auto* value = values.const_data_ptr<double>();
  double squares = 0, product = 0;
  for (int64_t i = 0; i < values.numel(); ++i) {
    squares += value[i] * value[i];
    product += (i * 7 % 11 < 5 ? 1 : -1) * value[i];
  }
  auto result = Napi::Array::New(env);
  result[0u] = std::sqrt(squares);
  result[1u] = product;
  return result;
}

TrainSegmenterOptions read_options(const Argument& argument) {
  TrainSegmenterOptions o;
  o.model = bindings::read_deeplab_config(argument["model"]);
  o.steps = argument["steps"].integer(1, 1000);
  o.dropout = argument["dropout"].number(0, 1);
  o.bfloat16 = argument["bfloat16"].boolean();
  if (argument["optimiser"].one_of({"adam", "sgd"}) == "sgd") o.optimiser = TrainSegmenterOptions::Optimiser::kSgd;
  return o;
}

// segmenterSteps({ model, steps, dropout, bfloat16, optimiser }, pixels [b, 3, h, w], labels [b, h, w]) -> as many
// steps of the trainer on the same batch, from formula weights: losses; digests of what moved, and of the statistics
Napi::Value segmenter_steps(const Napi::CallbackInfo& info) {
  c10::InferenceMode inference(false);
  const auto options = read_options({info[0], "options"});
  models::DeepLabV3PlusImpl model(options.model);
  const train::TrainingBatch batch{read_tensor({info[1], "pixels"}), read_tensor({info[2], "labels"}).to(at::kLong)};
  formula_weights(model);
  train::prepare(model, options);
  train::Optimiser optimiser(model, options);
  std::vector<at::Tensor> before;
  for (const auto& slot : optimiser.slots()) before.push_back(slot.value.detach().clone());
  auto losses = Napi::Array::New(info.Env()), norms = Napi::Array::New(info.Env());
  for (int64_t step = 0; step < options.steps; ++step) {
    const auto result = train::training_step(model, optimiser, options, batch, step);
    losses[losses.Length()] = result.loss;
    norms[norms.Length()] = result.gradient_norm;
  }
  auto moved = Napi::Object::New(info.Env()), statistics = Napi::Object::New(info.Env());
  for (size_t i = 0; i < before.size(); ++i)
    moved[optimiser.slots()[i].name] = digest(info.Env(), optimiser.slots()[i].value.detach() - before[i]);
  for (const auto& item : model.named_buffers()) statistics[item.key()] = digest(info.Env(), item.value());
  auto result = Napi::Object::New(info.Env());
  result["losses"] = losses;
  result["norms"] = norms;
  result["moved"] = moved;
  result["statistics"] = statistics;
  return result;
}

// segmenterGradient(config, pixels, labels) -> { loss, gradient: { name: digest } } of the first step, dropout off
Napi::Value segmenter_gradient(const Napi::CallbackInfo& info) {
  c10::InferenceMode inference(false);
  at::AutoGradMode grad(true);
  models::DeepLabV3PlusImpl model(bindings::read_deeplab_config({info[0], "config"}));
  formula_weights(model);
  model.train();
  const auto loss = train::segmentation_loss(model.forward(read_tensor({info[1], "pixels"})),
                                             read_tensor({info[2], "labels"}).to(at::kLong));
  loss.backward();
  auto gradient = Napi::Object::New(info.Env());
  for (const auto& item : model.named_parameters()) gradient[item.key()] = digest(info.Env(), item.value().grad());
  auto result = Napi::Object::New(info.Env());
  result["loss"] = loss.item<double>();
  result["gradient"] = gradient;
  return result;
}

// segmentationLoss(logits [b, T, h, w], labels [b, H, W]) -> { loss, gradient }
Napi::Value segmentation_loss(const Napi::CallbackInfo& info) {
  c10::InferenceMode inference(false);
  at::AutoGradMode grad(true);
  const auto logits = read_tensor({info[0], "logits"}).set_requires_grad(true);
  const auto loss = train::segmentation_loss(logits, read_tensor({info[1], "labels"}).to(at::kLong));
  loss.backward();
  auto result = Napi::Object::New(info.Env());
  result["loss"] = loss.item<double>();
  result["gradient"] = to_js(info.Env(), logits.grad());
  return result;
}

// optimiserSteps('adam' | 'sgd', { learningRate, beta1, beta2, momentum, weightDecay }, values [n], gradients [steps,
// n])
Napi::Value optimiser_steps(const Napi::CallbackInfo& info) {
  const bool adam = Argument(info[0], "kind").one_of({"adam", "sgd"}) == "adam";
  const Argument options(info[1], "options");
  const auto get = [&](const char* key) { return options[key].number(0, 1e9); };
  auto values = read_tensor({info[2], "values"});
  const auto gradients = read_tensor({info[3], "gradients"});
  auto m = at::zeros_like(values), v = at::zeros_like(values);
  for (int64_t step = 0; step < gradients.size(0); ++step) {
    const auto gradient = gradients[step].contiguous();
    const float* g = gradient.const_data_ptr<float>();
    if (adam) {
      train::adam_step({get("learningRate"), get("beta1"), get("beta2"), get("weightDecay"), 1e-8, step + 1},
                       values.numel(), g, values.data_ptr<float>(), m.data_ptr<float>(), v.data_ptr<float>());
    } else {
      train::sgd_step({get("learningRate"), get("momentum"), get("weightDecay"), step + 1}, values.numel(), g,
                      values.data_ptr<float>(), m.data_ptr<float>());
    }
  }
  return to_js(info.Env(), values);
}

// polyRate(step, steps, peak, power, floor)
Napi::Value poly_rate(const Napi::CallbackInfo& info) {
  const auto number = [&](size_t i) { return Argument(info[i], "argument").number(0, 1e12); };
  return Napi::Number::New(info.Env(),
                           train::poly_rate(static_cast<int64_t>(number(0)), static_cast<int64_t>(number(1)), number(2),
                                            number(3), number(4)));
}

// changeColours(picture [3, h, w], 'brighten' | ... , amount, size) -> [3, h, w]
Napi::Value change_colours(const Napi::CallbackInfo& info) {
  auto picture = read_tensor({info[0], "picture"});
  const train::Planes planes{picture.data_ptr<float>(), picture.size(2), picture.size(1)};
  const auto amount = static_cast<float>(Argument(info[2], "amount").number(-10, 10));
  const auto name =
      Argument(info[1], "change").one_of({"brighten", "contrast", "saturate", "turnHue", "toGrey", "blur"});
  if (name == "brighten") train::brighten(planes, amount);
  if (name == "contrast") train::contrast(planes, amount);
  if (name == "saturate") train::saturate(planes, amount);
  if (name == "turnHue") train::turn_hue(planes, amount);
  if (name == "toGrey") train::to_grey(planes);
  if (name == "blur") {
    std::vector<float> scratch(static_cast<size_t>(planes.n()));
    train::blur(planes, Argument(info[3], "size").integer(1, 999), amount, scratch.data());
  }
  return to_js(info.Env(), picture);
}

// trainingBatch(file, { classes, seed, batchSize, width, height, scaleLow, scaleHigh, flip, jitter, grey, blur },
// first)
//   -> { pixels, labels }; pixels 0 .. 1
Napi::Value training_batch(const Napi::CallbackInfo& info) {
  c10::InferenceMode inference(false);
  const Argument given(info[1], "options");
  const auto get = [&](const char* key) { return given[key].number(0, 1e9); };
  TrainSegmenterOptions o;
  o.model.classes = static_cast<int>(get("classes"));
  o.seed = static_cast<uint64_t>(get("seed")), o.batch_size = static_cast<int>(get("batchSize"));
  o.crop_width = static_cast<int>(get("width")), o.crop_height = static_cast<int>(get("height"));
  o.augment.scale_low = get("scaleLow"), o.augment.scale_high = get("scaleHigh"), o.augment.flip = get("flip");
  o.augment.jitter = get("jitter"), o.augment.grey = get("grey"), o.augment.blur = get("blur");
  o.mean = {0, 0, 0}, o.std = {1, 1, 1};
  const train::PackedPictures pictures(Argument(info[0], "file").string());
  const auto batch = train::training_batch(pictures, o, Argument(info[2], "first").integer(0, int64_t{1} << 40));
  auto result = Napi::Object::New(info.Env());
  result["pixels"] = to_js(info.Env(), batch.pixels);
  result["labels"] = to_js(info.Env(), batch.labels);
  return result;
}

}  // namespace

void define_segmenter_training(Napi::Env, Napi::Object exports) {
  define<segmenter_steps>(exports, "segmenterSteps");
  define<segmenter_gradient>(exports, "segmenterGradient");
  define<segmentation_loss>(exports, "segmentationLoss");
  define<optimiser_steps>(exports, "optimiserSteps");
  define<poly_rate>(exports, "polyRate");
  define<change_colours>(exports, "changeColours");
  define<training_batch>(exports, "trainingBatch");
}

}  // namespace wordmask::testing

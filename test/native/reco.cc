#include "pipeline/reco.h"

#include <ATen/ATen.h>

#include "pipeline/reco_weights.h"
#include "reco_reference.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

// { features [k, h, w, C], clip?, text?, contexts? }
pipeline::RecoImages read_images(const Argument &argument) {
  pipeline::RecoImages images{read_tensor(argument["features"]), {}, {}, {}};
  if (const auto clip = argument["clip"]; clip.given()) {
    images.clip = read_tensor(clip);
    images.text = read_tensor(argument["text"]);
  }
  if (const auto contexts = argument["contexts"]; contexts.given()) images.contexts = read_tensor(contexts);
  return images;
}

Napi::Array to_list(Napi::Env env, const std::vector<int64_t> &values) {
  auto list = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) list[i] = Napi::Number::New(env, static_cast<double>(values[i]));
  return list;
}

// recoReference(images, window) -> the brute force in float64: { weights,
// support, seeds, embedding }
Napi::Value reco_reference(const Napi::CallbackInfo &info) {
  const auto images = read_images({info[0], "images"});
  wordmask_ref::RecoCase given;
  given.images = images.features.size(0), given.h = images.features.size(1), given.w = images.features.size(2);
  given.channels = images.features.size(3);
  given.features = numbers(images.features);
  if (images.clip.defined()) {
    given.clip_h = images.clip.size(1), given.clip_w = images.clip.size(2), given.clip_channels = images.clip.size(3);
    given.clip = numbers(images.clip), given.text = numbers(images.text);
  }
  if (images.contexts.defined()) given.contexts = numbers(images.contexts);
  given.official = Argument(info[1], "window").one_of({"official", "perImage"}) == "official";
  const auto answer = wordmask_ref::reco(given);
  auto result = Napi::Object::New(info.Env());
  result["weights"] = doubles(info.Env(), answer.weights);
  result["support"] = doubles(info.Env(), answer.support);
  result["seeds"] = to_list(info.Env(), answer.seeds);
  result["embedding"] = doubles(info.Env(), answer.embedding);
  return result;
}

// recoWeights(images) -> Float64Array [k h w]
Napi::Value reco_weights(const Napi::CallbackInfo &info) {
  const auto images = read_images({info[0], "images"});
  const auto clip = images.clip.defined() ? pipeline::unit_cells(images.clip, "clip") : at::Tensor();
  return doubles(info.Env(), pipeline::reco_weights(pipeline::unit_cells(images.features, "features"), clip,
                                                    images.text, images.contexts));
}

// recoSeeds(unit [k, P, C], weights [k, P], window) -> { seeds, support }; rows
// are made of length 1 in float64
Napi::Value reco_seeds(const Napi::CallbackInfo &info) {
  const auto unit = pipeline::unit_cells(read_tensor({info[0], "features"}).unsqueeze(2), "features").squeeze(2);
  const auto window = Argument(info[2], "window").one_of({"official", "perImage"}) == "official"
                          ? kernels::AffinityWindow::kOfficial
                          : kernels::AffinityWindow::kPerImage;
  const auto seeds = pipeline::reco_seeds(unit, read_tensor({info[1], "weights"}).to(at::kDouble), window, nullptr);
  const auto *position = seeds.positions.const_data_ptr<int64_t>();
  auto result = Napi::Object::New(info.Env());
  result["seeds"] = to_list(info.Env(), {position, position + seeds.positions.numel()});
  result["support"] = doubles(info.Env(), seeds.support);
  return result;
}

}  // namespace

void define_reco(Napi::Env, Napi::Object exports) {
  define<reco_reference>(exports, "recoReference");
  define<reco_weights>(exports, "recoWeights");
  define<reco_seeds>(exports, "recoSeeds");
}

}  // namespace wordmask::testing

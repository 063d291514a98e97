#include "bindings/cancel_token.h"
#include "bindings/clip_wrap.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"
#include "pipeline/labels.h"

namespace wordmask::bindings {
namespace {

using pipeline::LabelOptions;
using pipeline::ScoreGrid;

constexpr int kMaxSide = 1 << 20;

ScoreGrid read_grid(const Argument& argument) {
  ScoreGrid grid{read_tensor(argument)};
  if (const auto extent = argument["extentH"]; extent.given()) grid.extent_h = extent.number(0, kMaxSide);
  if (const auto extent = argument["extentW"]; extent.given()) grid.extent_w = extent.number(0, kMaxSide);
  return grid;
}

std::vector<ScoreGrid> read_grids(const Argument& list) {
  std::vector<ScoreGrid> grids;
  for (uint32_t i = 0, n = list.length(); i < n; ++i) grids.push_back(read_grid(list.at(i)));
  return grids;
}

pipeline::ScoreOptions read_score(const Argument& argument) {
  pipeline::ScoreOptions options;
  if (const auto sigmoid = argument["sigmoid"]; sigmoid.given()) options.sigmoid = sigmoid.number(0, 1e6);
  return options;
}

// denseScores(clip, image, text, options, task): Promise<DenseScores>
Napi::Value dense_scores(const Napi::CallbackInfo& info) {
  const ClipWrap& clip = Wrapped<ClipWrap>::of(info[0], "clip");
  const Argument options(info[3], "options");
  const auto view = read_dense(options);
  return run(
      info.Env(), read_task(info[4]), clip.lane,
      [clip = clip.alive(), line = clip.pictures, picture = clip.pictures->add(read_image({info[1], "image"}), view),
       text = read_tensor({info[2], "text"}), view, score = read_score(options)](const Job& job) {
        return pipeline::dense_scores(*clip, *line, picture, text, view, score, job.cancel);
      },
      [](Napi::Env env, const std::shared_ptr<pipeline::DenseScores>& result) -> Napi::Value {
        Napi::Object object = to_js(env, result->grid.scores);
        object["extentH"] = Napi::Number::New(env, result->grid.extent_h);
        object["extentW"] = Napi::Number::New(env, result->grid.extent_w);
        object["together"] = Napi::Number::New(env, result->together);
        return object;
      });
}

// scoreFeatures(features, rows, options, task): Promise<Float32Tensor>
Napi::Value score_features(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[3]), "cpu",
      [features = read_tensor({info[0], "features"}), rows = read_tensor({info[1], "rows"}),
       options = read_score({info[2], "options"})](const Job&) {
        return pipeline::score_features(features, rows, options);
      },
      ToTensor());
}

LabelOptions read_labelling(const Argument& argument) {
  LabelOptions options;
  options.width = static_cast<int>(argument["width"].integer(1, kMaxSide));
  options.height = static_cast<int>(argument["height"].integer(1, kMaxSide));
  options.classes = static_cast<int>(argument["classes"].integer(1, 65534));
  const Argument background = argument["background"];
  const std::string kind = background["kind"].one_of({"none", "names", "threshold"});
  if (kind == "names") options.background = LabelOptions::Background::kNames;
  if (kind == "threshold") {
    options.background = LabelOptions::Background::kThreshold;
    options.threshold = background["threshold"].number(0, 1);
    if (const auto temperature = background["temperature"]; temperature.given())
      options.temperature = temperature.number(0, 1e6);
  }
  return options;
}

// Labels fit a byte when their values and the ignore value 255 do.
struct Labelled {
  pipeline::Labels labels;
  std::vector<uint8_t> narrow;  // empty: labels need two bytes
};

Napi::Value labelled_to_js(Napi::Env env, const std::shared_ptr<Labelled>& labelled) {
  auto& [map, counts] = labelled->labels;
  Napi::Object object = Napi::Object::New(env);
  if (labelled->narrow.empty()) {
    const auto buffer = to_buffer(env, map.data.data(), map.data.size() * sizeof(uint16_t), labelled);
    object["labels"] = Napi::Uint16Array::New(env, map.data.size(), buffer, 0);
  } else {
    const auto buffer = to_buffer(env, labelled->narrow.data(), labelled->narrow.size(), labelled);
    object["labels"] = Napi::Uint8Array::New(env, labelled->narrow.size(), buffer, 0);
  }
  object["width"] = Napi::Number::New(env, map.width);
  object["height"] = Napi::Number::New(env, map.height);
  object["counts"] = to_array(env, std::vector<double>(counts.begin(), counts.end()));
  return object;
}

// labelGrids(grids, options, task): Promise<LabelResult>
Napi::Value label_grids(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[2]), "cpu",
      [grids = read_grids({info[0], "grids"}), options = read_labelling({info[1], "options"})](const Job&) {
        Labelled labelled{pipeline::label_grids(grids, options), {}};
        auto& [map, counts] = labelled.labels;
        if (counts.size() <= 255) {
          labelled.narrow.assign(map.data.begin(), map.data.end());
          map.data = {};
        }
        return labelled;
      },
      labelled_to_js);
}

// upsample(grids, width, height, task): Promise<Float32Tensor>
Napi::Value upsample(const Napi::CallbackInfo& info) {
  constexpr int kMaxUpsampled = 1 << 16;
  return run(
      info.Env(), read_task(info[3]), "cpu",
      [grids = read_grids({info[0], "grids"}), width = Argument(info[1], "width").integer(1, kMaxUpsampled),
       height = Argument(info[2], "height").integer(1, kMaxUpsampled)](const Job&) {
        return pipeline::upsample(grids, static_cast<int>(width), static_cast<int>(height));
      },
      ToTensor());
}

}  // namespace

std::vector<napi_property_descriptor> segment_functions() {
  return {async<dense_scores>("denseScores", kExport), async<score_features>("scoreFeatures", kExport),
          async<label_grids>("labelGrids", kExport), async<upsample>("upsample", kExport)};
}

}  // namespace wordmask::bindings

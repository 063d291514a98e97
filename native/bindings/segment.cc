#include "bindings/cancel_token.h"
#include "bindings/clip_wrap.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/labels.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

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

// labelGrids(grids, options, task): Promise<LabelResult>
Napi::Value label_grids(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[2]), "cpu",
      [grids = read_grids({info[0], "grids"}), options = read_labelling({info[1], "options"})](const Job&) {
        return Labelled(pipeline::label_grids(grids, options));
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

#include "bindings/cancel_token.h"
#include "bindings/clip_wrap.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"
#include "pipeline/segmenter.h"

namespace wordmask::bindings {
namespace {

using pipeline::SegmentOptions;

SegmentOptions read_options(const Argument& argument) {
  SegmentOptions options;
  static_cast<pipeline::DenseOptions&>(options) = read_dense(argument);
  options.temperature = argument["temperature"].number(0, 1e6);
  options.classes = static_cast<int>(argument["classes"].integer(1, 65534));
  const Argument background = argument["background"];
  const std::string kind = background["kind"].one_of({"none", "names", "threshold"});
  if (kind == "names") options.background = SegmentOptions::Background::kNames;
  if (kind == "threshold") {
    options.background = SegmentOptions::Background::kThreshold;
    options.threshold = background["threshold"].number(0, 1);
  }
  return options;
}

// Labels fit a byte when their values and the ignore value 255 do.
struct Segmented {
  pipeline::SegmentResult result;
  std::vector<uint8_t> narrow;  // empty: labels need two bytes
};

Napi::Value segmented_to_js(Napi::Env env, const std::shared_ptr<Segmented>& segmented) {
  LabelMap& map = segmented->result.labels;
  Napi::Object object = Napi::Object::New(env);
  if (segmented->narrow.empty()) {
    const auto buffer = to_buffer(env, map.data.data(), map.data.size() * sizeof(uint16_t), segmented);
    object["labels"] = Napi::Uint16Array::New(env, map.data.size(), buffer, 0);
  } else {
    const auto buffer = to_buffer(env, segmented->narrow.data(), segmented->narrow.size(), segmented);
    object["labels"] = Napi::Uint8Array::New(env, segmented->narrow.size(), buffer, 0);
  }
  const std::vector<int64_t>& counts = segmented->result.counts;
  object["width"] = Napi::Number::New(env, map.width);
  object["height"] = Napi::Number::New(env, map.height);
  object["grid"] = to_js(env, segmented->result.grid);
  object["together"] = segmented->result.together;
  object["counts"] = to_array(env, std::vector<double>(counts.begin(), counts.end()));
  return object;
}

// segment(clip, image, text, options, task): Promise<SegmentResult>
Napi::Value segment(const Napi::CallbackInfo& info) {
  const ClipWrap& clip = Wrapped<ClipWrap>::of(info[0], "clip");
  const auto options = read_options({info[3], "options"});
  return run(
      info.Env(), read_task(info[4]), clip.lane,
      [clip = clip.alive(), line = clip.pictures, picture = clip.pictures->add(read_image({info[1], "image"}), options),
       text = read_tensor({info[2], "text"}), options](const Job& job) {
        Segmented segmented{pipeline::segment(*clip, *line, picture, text, options, job.cancel), {}};
        LabelMap& map = segmented.result.labels;
        if (segmented.result.counts.size() <= 255) {
          segmented.narrow.assign(map.data.begin(), map.data.end());
          map.data = {};
        }
        return segmented;
      },
      segmented_to_js);
}

// upsample(grid, width, height, task): Promise<Float32Tensor>
Napi::Value upsample(const Napi::CallbackInfo& info) {
  constexpr int kMaxSide = 1 << 16;
  return run(
      info.Env(), read_task(info[3]), "cpu",
      [grid = read_tensor({info[0], "grid"}), width = Argument(info[1], "width").integer(1, kMaxSide),
       height = Argument(info[2], "height").integer(1, kMaxSide)](const Job&) {
        return pipeline::upsample(grid, static_cast<int>(width), static_cast<int>(height));
      },
      ToTensor());
}

}  // namespace

std::vector<napi_property_descriptor> segment_functions() {
  return {async<segment>("segment", kExport), async<upsample>("upsample", kExport)};
}

}  // namespace wordmask::bindings

#include "pipeline/regions.h"

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

using Regions = std::vector<pipeline::Region>;

Napi::Value regions_to_js(Napi::Env env, const std::shared_ptr<Regions>& regions) {
  Napi::Array array = Napi::Array::New(env, regions->size());
  for (uint32_t i = 0; i < regions->size(); ++i) {
    pipeline::Region& region = (*regions)[i];
    // Copied: regions are many and small, and an external buffer costs more than the bytes.
    Napi::Uint32Array counts = Napi::Uint32Array::New(env, region.counts.size());
    std::copy(region.counts.begin(), region.counts.end(), counts.Data());
    Napi::Object object = Napi::Object::New(env);
    object["label"] = Napi::Number::New(env, region.label);
    object["area"] = Napi::Number::New(env, static_cast<double>(region.area));
    object["bbox"] = to_array(env, std::vector<int>(region.bbox.begin(), region.bbox.end()));
    object["counts"] = counts;
    array[i] = object;
  }
  return array;
}

// regions(labels, width, height, options, task): Promise<Region[]>
Napi::Value regions(const Napi::CallbackInfo& info) {
  constexpr int kMaxSide = 1 << 20;
  const Argument labels(info[0], "labels"), settings(info[3], "options");
  RawLabels raw = read_labels(labels);
  LabelMap map;
  map.width = static_cast<int>(Argument(info[1], "width").integer(1, kMaxSide));
  map.height = static_cast<int>(Argument(info[2], "height").integer(1, kMaxSide));
  if (labels.value().As<Napi::TypedArray>().ElementLength() != size_t{1} * map.width * map.height) {
    labels.wrong("width * height labels");
  }
  pipeline::RegionOptions options;
  options.min_area = settings["minArea"].integer(0, int64_t{1} << 53);
  options.instances = settings["instances"].boolean();
  const Argument skip = settings["skip"];
  for (uint32_t i = 0, n = skip.length(); i < n; ++i)
    options.skip.push_back(static_cast<int>(skip.at(i).integer(0, 65535)));
  return run(
      info.Env(), read_task(info[4]), "files",
      [map, raw = std::move(raw), options](const Job&) mutable {
        map.data = raw.widened();
        return pipeline::regions(map, options);
      },
      regions_to_js);
}

// confusion(truth, prediction, n, ignore): Float64Array
Napi::Value confusion(const Napi::CallbackInfo& info) {
  const Argument predicted(info[1], "prediction");
  const std::vector<uint16_t> truth = read_labels({info[0], "truth"}).widened();
  const std::vector<uint16_t> prediction = read_labels(predicted).widened();
  if (prediction.size() != truth.size()) predicted.wrong("as many labels as truth has");
  const int n = static_cast<int>(Argument(info[2], "n").integer(1, 65535));
  const int ignore = static_cast<int>(Argument(info[3], "ignore").integer(-1, 65535));
  const std::vector<double> matrix = pipeline::confusion(truth.data(), prediction.data(), truth.size(), n, ignore);
  Napi::Float64Array result = Napi::Float64Array::New(info.Env(), matrix.size());
  std::copy(matrix.begin(), matrix.end(), result.Data());
  return result;
}

}  // namespace

std::vector<napi_property_descriptor> region_functions() {
  return {async<regions>("regions", kExport), sync<confusion>("confusion", kExport)};
}

}  // namespace wordmask::bindings

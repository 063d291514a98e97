#include "bindings/labels.h"

namespace wordmask::bindings {

using pipeline::LabelOptions;
using pipeline::ScoreGrid;

namespace {
constexpr int kMaxSide = 1 << 20;

ScoreGrid read_grid(const Argument& argument) {
  ScoreGrid grid{read_tensor(argument)};
  if (const auto extent = argument["extentH"]; extent.given()) grid.extent_h = extent.number(0, kMaxSide);
  if (const auto extent = argument["extentW"]; extent.given()) grid.extent_w = extent.number(0, kMaxSide);
  return grid;
}

}  // namespace

std::vector<ScoreGrid> read_grids(const Argument& list) {
  std::vector<ScoreGrid> grids;
  for (uint32_t i = 0, n = list.length(); i < n; ++i) grids.push_back(read_grid(list.at(i)));
  return grids;
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

Labelled::Labelled(pipeline::Labels all) : labels(std::move(all)) {
  auto& [map, counts] = labels;
  if (counts.size() > 255) return;
  narrow.assign(map.data.begin(), map.data.end());
  map.data = {};
}

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

}  // namespace wordmask::bindings

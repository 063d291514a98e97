#pragma once
#include <memory>

#include "bindings/convert.h"
#include "pipeline/labels.h"

namespace wordmask::bindings {

std::vector<pipeline::ScoreGrid> read_grids(const Argument& list);  // ScoreGrid[]
pipeline::LabelOptions read_labelling(const Argument& argument);    // LabelOptions

// Labels on their way to JavaScript: in bytes where their values and the ignore value 255 fit.
struct Labelled {
  Labelled() = default;
  explicit Labelled(pipeline::Labels all);
  pipeline::Labels labels;
  std::vector<uint8_t> narrow;  // empty: labels need two bytes
};
Napi::Value labelled_to_js(Napi::Env env, const std::shared_ptr<Labelled>& labelled);  // LabelResult

}  // namespace wordmask::bindings

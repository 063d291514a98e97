#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include "bindings/convert.h"
#include "models/clip.h"
#include "models/init.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

// Multiply-adds of every product that ran on this thread, by operator.
thread_local std::map<std::string, double>* counts = nullptr;

std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& call) {
  const std::string name = call.name();
  const auto inputs = call.inputs();
  const auto tensor = [&](size_t i) { return inputs[i].toTensor(); };
  const auto elements = [&](size_t i) { return static_cast<double>(tensor(i).numel()); };
  if (name == "mkldnn::_linear_pointwise")
    (*counts)[name] += elements(0) * static_cast<double>(tensor(1).size(0));
  else if (name == "wordmask::attention")
    (*counts)[name] += 2 * elements(0) * static_cast<double>(tensor(1).size(1));
  else if (name == "aten::mm" || name == "aten::bmm")
    (*counts)[name] += elements(0) * static_cast<double>(tensor(1).size(-1));
  else if (name == "aten::addmm" || name == "aten::baddbmm")
    (*counts)[name] += elements(1) * static_cast<double>(tensor(2).size(-1));
  else if (name.find("convolution") != std::string::npos || name.find("mkldnn_linear") != std::string::npos)
    (*counts)["not counted: " + name] += 1;
  return nullptr;
}

// multiplyAdds(config, n, height, width) -> what dense features of n pictures multiply, by operator.
Napi::Value multiply_adds(const Napi::CallbackInfo& info) {
  models::ClipImpl clip(bindings::read_clip_config({info[0], "config"}));
  models::redraw(clip, 5);
  const auto size = [&](int i) { return Argument(info[i], "size").integer(1, 4096); };
  c10::InferenceMode guard;
  const auto pixels = at::zeros({size(1), 3, size(2), size(3)});
  std::map<std::string, double> counted;
  counts = &counted;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(&count).needsInputs(true));
  try {
    clip.visual->dense(pixels);
  } catch (...) {
    at::removeCallback(handle);
    throw;
  }
  at::removeCallback(handle);
  auto result = Napi::Object::New(info.Env());
  for (const auto& [name, number] : counted) result[name] = Napi::Number::New(info.Env(), number);
  return result;
}

}  // namespace

void define_multiply_adds(Napi::Env, Napi::Object exports) { define<multiply_adds>(exports, "multiplyAdds"); }

}  // namespace wordmask::testing

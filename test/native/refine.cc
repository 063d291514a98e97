#include <ATen/ATen.h>

#include "bindings/refine_options.h"
#include "kernels/dense_crf/dense_crf_ref.h"
#include "kernels/pamr/pamr_ref.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

using Method = pipeline::RefineOptions::Method;

at::Tensor read_rgb(const Argument& argument, const at::Tensor& probabilities) {
  const auto bytes = argument.bytes();
  auto rgb = at::empty({static_cast<int64_t>(bytes.ElementLength())}, at::kByte);
  std::copy_n(bytes.Data(), bytes.ElementLength(), rgb.mutable_data_ptr<uint8_t>());
  const int64_t pixels = probabilities.size(0) * probabilities.size(1);
  return rgb.numel() == pixels * 3 ? rgb.reshape({probabilities.size(0), probabilities.size(1), 3}) : rgb;
}

// refineVolume(probabilities [H, W, T], rgb, options, cancelAfter?) -> { values: Float32Array, progress: number[] };
// cancelAfter: how many reports of progress end it.
Napi::Value refine_volume(const Napi::CallbackInfo& info) {
  const auto volume = read_tensor({info[0], "probabilities"});
  const auto rgb = read_rgb({info[1], "rgb"}, volume);
  const auto options = bindings::read_refine({info[2], "options"});
  const Argument after(info[3], "cancelAfter");
  const auto cancel = std::make_shared<CancelToken>();
  std::vector<double> steps;
  const Progress progress = [&](double done, double) {
    steps.push_back(done);
    if (after.given() && static_cast<int64_t>(steps.size()) == after.integer(1, 1000)) cancel->cancel();
  };
  if (options.method == Method::kCrf) {
    kernels::dense_crf(volume, rgb, options.crf, cancel, progress);
  } else {
    kernels::pamr(volume, rgb, options.pamr, cancel, progress);
  }
  auto values = Napi::Float32Array::New(info.Env(), volume.numel());
  std::copy_n(volume.const_data_ptr<float>(), volume.numel(), values.Data());
  auto result = Napi::Object::New(info.Env());
  result["values"] = values;
  result["progress"] = doubles(info.Env(), steps);
  return result;
}

// refineReference(probabilities, rgb, options, 'exact' | 'lattice') -> Float64Array; PAMR has one form.
Napi::Value refine_reference(const Napi::CallbackInfo& info) {
  const auto volume = read_tensor({info[0], "probabilities"});
  const auto rgb = read_rgb({info[1], "rgb"}, volume);
  const auto options = bindings::read_refine({info[2], "options"});
  const std::vector<uint8_t> colours(rgb.const_data_ptr<uint8_t>(), rgb.const_data_ptr<uint8_t>() + rgb.numel());
  const auto height = volume.size(0), width = volume.size(1), labels = volume.size(2);
  if (options.method == Method::kPamr)
    return doubles(info.Env(), wordmask_ref::pamr(numbers(volume), colours, height, width, labels, options.pamr));
  const wordmask_ref::CrfProblem problem{height, width, labels, numbers(volume), colours, options.crf};
  const bool exact = Argument(info[3], "kernels").one_of({"exact", "lattice"}) == "exact";
  return doubles(info.Env(), exact ? wordmask_ref::exact_dense_crf(problem) : wordmask_ref::lattice_dense_crf(problem));
}

}  // namespace

void define_refine(Napi::Env, Napi::Object exports) {
  define<refine_volume>(exports, "refineVolume");
  define<refine_reference>(exports, "refineReference");
}

}  // namespace wordmask::testing

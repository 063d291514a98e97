#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <set>
#include <thread>

#include "kernels/label_map/label_map.h"
#include "kernels/label_map/label_map_ref.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

kernels::LabelMapOptions read_options(const Argument& argument) {
  constexpr double kLarge = 1e9;
  kernels::LabelMapOptions options;
  options.height = argument["height"].integer(-1, 1 << 20);
  options.width = argument["width"].integer(-1, 1 << 20);
  const auto set = [&](const char* key, double& field) {
    if (const auto value = argument[key]; value.given()) field = value.number(-kLarge, kLarge);
  };
  set("extentH", options.extent_h);
  set("extentW", options.extent_w);
  set("temperature", options.temperature);
  set("threshold", options.threshold);
  return options;
}

// labelMap(scores [h, w, T], options, strided) -> Int32Array; strided: the same values behind permuted strides
Napi::Value label_map(const Napi::CallbackInfo& info) {
  auto scores = read_tensor({info[0], "scores"});
  if (Argument(info[2], "strided").boolean()) scores = scores.permute({2, 0, 1}).contiguous().permute({1, 2, 0});
  const auto labels = kernels::label_map(scores, read_options({info[1], "options"}));
  auto result = Napi::Int32Array::New(info.Env(), labels.numel());
  std::copy_n(labels.const_data_ptr<int32_t>(), labels.numel(), result.Data());
  return result;
}

// labelMapReference(scores, options) -> { scores: Float64Array [height, width, T], labels: Int32Array }
Napi::Value label_map_reference(const Napi::CallbackInfo& info) {
  const auto scores = read_tensor({info[0], "scores"}).to(at::kDouble);
  const auto options = read_options({info[1], "options"});
  const std::vector<double> values(scores.const_data_ptr<double>(), scores.const_data_ptr<double>() + scores.numel());
  const auto interpolated =
      wordmask_ref::interpolated_scores(values, scores.size(0), scores.size(1), scores.size(2), options);
  const auto labels = wordmask_ref::label_map(interpolated, scores.size(2), options.temperature, options.threshold);
  auto result = Napi::Object::New(info.Env());
  auto volume = Napi::Float64Array::New(info.Env(), interpolated.size());
  std::copy(interpolated.begin(), interpolated.end(), volume.Data());
  auto indices = Napi::Int32Array::New(info.Env(), labels.size());
  std::copy(labels.begin(), labels.end(), indices.Data());
  result["scores"] = volume;
  result["labels"] = indices;
  return result;
}

// setThreads(n): intra-op threads of this process.
Napi::Value set_threads(const Napi::CallbackInfo& info) {
  at::set_num_threads(static_cast<int>(Argument(info[0], "threads").integer(1, 256)));
  return info.Env().Undefined();
}

// parallelThreads(): how many threads a parallel loop of this build ran on.
Napi::Value parallel_threads(const Napi::CallbackInfo& info) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  at::parallel_for(0, 64, 1, [&](int64_t, int64_t) {
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  return Napi::Number::New(info.Env(), static_cast<double>(seen.size()));
}

}  // namespace

void define_kernels(Napi::Env, Napi::Object exports) {
  define<label_map>(exports, "labelMap");
  define<label_map_reference>(exports, "labelMapReference");
  define<set_threads>(exports, "setThreads");
  define<parallel_threads>(exports, "parallelThreads");
}

}  // namespace wordmask::testing

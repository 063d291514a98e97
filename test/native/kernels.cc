#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <functional>
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
  if (const auto factor = argument["factor"]; factor.given()) options.factor = read_tensor(factor);
  set("factorExtentH", options.factor_extent_h);
  set("factorExtentW", options.factor_extent_w);
  return options;
}

// The interpolated scores in float64, of two grids their product.
std::vector<double> exact_scores(const at::Tensor& scores, const kernels::LabelMapOptions& options) {
  const auto volume = [&](const at::Tensor& grid, double extent_h, double extent_w) {
    auto own = options;
    own.extent_h = extent_h, own.extent_w = extent_w;
    return wordmask_ref::interpolated_scores(numbers(grid), grid.size(0), grid.size(1), grid.size(2), own);
  };
  auto result = volume(scores, options.extent_h, options.extent_w);
  if (!options.factor.defined()) return result;
  const auto factor = volume(options.factor, options.factor_extent_h, options.factor_extent_w);
  std::transform(result.begin(), result.end(), factor.begin(), result.begin(), std::multiplies<>());
  return result;
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
  const auto scores = read_tensor({info[0], "scores"});
  const auto options = read_options({info[1], "options"});
  const auto interpolated = exact_scores(scores, options);
  const auto labels = wordmask_ref::label_map(interpolated, scores.size(2), options.temperature, options.threshold);
  auto result = Napi::Object::New(info.Env());
  auto indices = Napi::Int32Array::New(info.Env(), labels.size());
  std::copy(labels.begin(), labels.end(), indices.Data());
  result["scores"] = doubles(info.Env(), interpolated);
  result["labels"] = indices;
  return result;
}

// labelScores(scores, k, options) -> { labels, values [height, width, k], sums [height, width] } as Float64Arrays
Napi::Value label_scores(const Napi::CallbackInfo& info) {
  const auto scored =
      kernels::label_scores(read_tensor({info[0], "scores"}), Argument(info[1], "k").integer(-1, 1 << 20),
                            read_options({info[2], "options"}));
  auto result = Napi::Object::New(info.Env());
  result["labels"] = doubles(info.Env(), scored.labels);
  result["values"] = doubles(info.Env(), scored.values);
  result["sums"] = doubles(info.Env(), scored.sums);
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
  define<label_scores>(exports, "labelScores");
  define<set_threads>(exports, "setThreads");
  define<parallel_threads>(exports, "parallelThreads");
}

}  // namespace wordmask::testing

#include "kernels/max_affinity/max_affinity.h"

#include <ATen/ATen.h>

#include "kernels/max_affinity/affinity_windows.h"
#include "kernels/max_affinity/max_affinity_ref.h"
#include "kernels/tile/tile.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

std::vector<double> doubles(const at::Tensor& tensor) {
  const auto values = tensor.to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

at::Tensor read_features(const Napi::CallbackInfo& info) {
  const auto type = Argument(info[2], "dtype").one_of({"float32", "bfloat16", "float64"});
  return read_tensor({info[0], "features"})
      .to(type == "float32"    ? at::kFloat
          : type == "bfloat16" ? at::kBFloat16
                               : at::kDouble);
}

std::optional<at::Tensor> read_weights(const Napi::CallbackInfo& info) {
  const Argument weights(info[1], "weights");
  return weights.given() ? std::optional(read_tensor(weights)) : std::nullopt;
}

// "rows": positions as a slice of a larger tensor, as tokens behind a class token; "channels": channels apart in
// memory.
at::Tensor laid_out(const at::Tensor& features, const std::string& layout) {
  if (layout == "channels") return features.transpose(-1, -2).contiguous().transpose(-1, -2);
  if (layout == "rows")
    return at::constant_pad_nd(features, {3, 0, 1, 0}, 7)
        .narrow(-2, 1, features.size(-2))
        .narrow(-1, 3, features.size(-1));
  return features;
}

Napi::Value floats(Napi::Env env, const at::Tensor& tensor) {
  auto result = Napi::Float32Array::New(env, tensor.numel());
  std::copy_n(tensor.contiguous().const_data_ptr<float>(), tensor.numel(), result.Data());
  return result;
}

// maxAffinity(features, weights, dtype, layout) -> Float32Array
Napi::Value max_affinity(const Napi::CallbackInfo& info) {
  const auto layout = Argument(info[3], "layout").one_of({"together", "rows", "channels"});
  return floats(info.Env(), kernels::max_affinity(laid_out(read_features(info), layout), read_weights(info)));
}

// maxAffinityReference(features, weights, dtype) -> { exact: Float64Array, plain: Float32Array }, both from the
// features as `dtype` holds them; plain: mm and amax in float32
Napi::Value max_affinity_reference(const Napi::CallbackInfo& info) {
  const auto features = read_features(info).to(at::kFloat);
  const auto k = features.size(0), positions = features.size(1);
  const auto weights = read_weights(info).value_or(at::ones({k, positions}));
  const auto exact = wordmask_ref::max_affinity(doubles(features), doubles(weights), k, positions, features.size(2));
  const auto rows = features.reshape({k * positions, features.size(2)});
  auto result = Napi::Object::New(info.Env());
  auto values = Napi::Float64Array::New(info.Env(), exact.size());
  std::copy(exact.begin(), exact.end(), values.Data());
  result["exact"] = values;
  result["plain"] = floats(
      info.Env(), (rows.mm(rows.t()) * weights.reshape({1, -1})).reshape({k * positions, k, positions}).amax(-1));
  return result;
}

// seeds(affinity, window) -> { support: Float64Array, seeds: number[] }
Napi::Value seeds(const Napi::CallbackInfo& info) {
  const auto window = Argument(info[1], "window").one_of({"perImage", "official"}) == "official"
                          ? kernels::AffinityWindow::kOfficial
                          : kernels::AffinityWindow::kPerImage;
  const auto support = kernels::window_support(read_tensor({info[0], "affinity"}), window);
  const auto seeds = kernels::seed_positions(support);
  auto result = Napi::Object::New(info.Env());
  auto values = Napi::Float64Array::New(info.Env(), support.numel());
  std::copy_n(support.const_data_ptr<double>(), support.numel(), values.Data());
  auto list = Napi::Array::New(info.Env());
  for (int64_t i = 0; i < seeds.numel(); ++i) list[static_cast<uint32_t>(i)] = seeds.const_data_ptr<int64_t>()[i];
  result["support"] = values;
  result["seeds"] = list;
  return result;
}

// limitTiles(name | undefined) -> whether this machine runs that instruction set
Napi::Value limit_tiles(const Napi::CallbackInfo& info) {
  const Argument name(info[0], "name");
  return Napi::Boolean::New(info.Env(), kernels::limit_tile_kernels(name.given() ? name.string().c_str() : nullptr));
}

}  // namespace

void define_max_affinity(Napi::Env, Napi::Object exports) {
  define<max_affinity>(exports, "maxAffinity");
  define<max_affinity_reference>(exports, "maxAffinityReference");
  define<seeds>(exports, "seeds");
  define<limit_tiles>(exports, "limitTiles");
}

}  // namespace wordmask::testing

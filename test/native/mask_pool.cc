#include "kernels/mask_pool/mask_pool.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/tensor.h>

#include "kernels/mask_pool/mask_pool_ref.h"
#include "testing.h"

namespace wordmask::testing {
namespace {
using kernels::MaskPooled;
using kernels::MaskPoolOptions;

MaskPoolOptions read_options(const Argument& argument) {
  MaskPoolOptions options;
  const auto reduce = argument["reduce"].one_of({"sum", "mean", "unit"});
  options.reduce = reduce == "sum"    ? kernels::MaskReduce::kSum
                   : reduce == "mean" ? kernels::MaskReduce::kMean
                                      : kernels::MaskReduce::kUnit;
  const bool bilinear = argument["sampling"].one_of({"area", "bilinear"}) == "bilinear";
  options.sampling = bilinear ? kernels::MaskSampling::kBilinear : kernels::MaskSampling::kArea;
  if (argument["extentH"].given()) options.extent_h = argument["extentH"].number(-1e9, 1e9);
  if (argument["extentW"].given()) options.extent_w = argument["extentW"].number(-1e9, 1e9);
  return options;
}

at::ScalarType read_type(const Argument& argument) {
  const auto word = argument.one_of({"bool", "uint8", "int32", "float32", "float64"});
  return word == "bool"      ? at::kBool
         : word == "uint8"   ? at::kByte
         : word == "int32"   ? at::kInt
         : word == "float32" ? at::kFloat
                             : at::kDouble;
}

Napi::Value to_js(Napi::Env env, const MaskPooled& pooled) {
  auto result = Napi::Object::New(env);
  result["vectors"] = doubles(env, pooled.vectors);
  result["mass"] = doubles(env, pooled.mass);
  result["empty"] = doubles(env, pooled.empty);
  return result;
}

// `strided`: the same values as a [C, h, w] map seen as [h, w, C].
at::Tensor read_features(const Argument& argument, const char* type, bool strided) {
  const auto features = read_tensor(argument).to(type == std::string("float64") ? at::kDouble : at::kFloat);
  return strided ? features.permute({2, 0, 1}).contiguous().permute({1, 2, 0}) : features;
}

// maskPool(masks, maskType, features, featureType, options, strided) -> { vectors, mass, empty }
Napi::Value mask_pool(const Napi::CallbackInfo& info) {
  const auto masks = read_tensor({info[0], "masks"}).to(read_type({info[1], "maskType"}));
  const bool strided = Argument(info[5], "strided").boolean();
  const auto features = read_features({info[2], "features"}, Argument(info[3], "type").string().c_str(), strided);
  const auto given = strided ? masks.permute({2, 0, 1}).contiguous().permute({1, 2, 0}) : masks;
  return to_js(info.Env(), kernels::mask_pool(given, features, read_options({info[4], "options"})));
}

// maskPoolRuns({ counts: Int32Array, offsets: number[], height, width, columns }, features, options)
Napi::Value mask_pool_runs(const Napi::CallbackInfo& info) {
  const Argument runs(info[0], "runs"), offsets = runs["offsets"];
  const auto counts = runs["counts"].int32s();
  std::vector<int64_t> at;
  for (uint32_t i = 0; i < offsets.length(); ++i) at.push_back(offsets.at(i).integer(-1, 1 << 30));
  const kernels::RunMasks masks{
      at::tensor(std::vector<int32_t>(counts.Data(), counts.Data() + counts.ElementLength()), at::kInt),
      at::tensor(at, at::kLong), runs["height"].integer(0, 1 << 20), runs["width"].integer(0, 1 << 20),
      runs["columns"].boolean()};
  return to_js(info.Env(),
               kernels::mask_pool(masks, read_tensor({info[1], "features"}), read_options({info[2], "options"})));
}

// maskPoolReference(masks, features, options) -> { vectors, mass } in float64
Napi::Value mask_pool_reference(const Napi::CallbackInfo& info) {
  const auto masks = read_tensor({info[0], "masks"}), features = read_tensor({info[1], "features"});
  const auto options = read_options({info[2], "options"});
  std::vector<double> vectors, mass;
  for (int64_t k = 0; k < masks.size(0); ++k) {
    const auto weights = wordmask_ref::mask_weights(numbers(masks[k]), masks.size(1), masks.size(2), features.size(0),
                                                    features.size(1), options);
    const auto vector = wordmask_ref::mask_pool(weights, numbers(features), options.reduce);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
    double sum = 0;
    for (const double weight : weights) sum += weight;
    mass.push_back(sum);
  }
  auto result = Napi::Object::New(info.Env());
  result["vectors"] = doubles(info.Env(), vectors);
  result["mass"] = doubles(info.Env(), mass);
  return result;
}

// maskPoolGradient(masks, features, options, direction [K, C]) -> { value, masks, features } in float64: of
// sum(vectors * direction) + sum(mass)
Napi::Value mask_pool_gradient(const Napi::CallbackInfo& info) {
  const auto read = [&](size_t i, const char* name) { return read_tensor({info[i], name}).to(at::kDouble); };
  const auto masks = read(0, "masks").requires_grad_(), features = read(1, "features").requires_grad_();
  const auto pooled = kernels::mask_pool(masks, features, read_options({info[2], "options"}));
  const auto value = at::mul(pooled.vectors, read(3, "direction")).sum().add(pooled.mass.sum());
  value.backward();
  auto result = Napi::Object::New(info.Env());
  result["value"] = Napi::Number::New(info.Env(), value.item<double>());
  result["masks"] = doubles(info.Env(), masks.grad());
  result["features"] = doubles(info.Env(), features.grad());
  return result;
}
}  // namespace

void define_mask_pool(Napi::Env, Napi::Object exports) {
  define<mask_pool>(exports, "maskPool");
  define<mask_pool_runs>(exports, "maskPoolRuns");
  define<mask_pool_reference>(exports, "maskPoolReference");
  define<mask_pool_gradient>(exports, "maskPoolGradient");
}

}  // namespace wordmask::testing

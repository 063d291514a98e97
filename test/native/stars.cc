#include <ATen/ATen.h>

#include <algorithm>

#include "kernels/stars/hamming_stars.h"
#include "kernels/stars/stars_ref.h"
#include "kernels/stars/vector_stars.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

at::Tensor copied(const void* from, int64_t size, at::ScalarType type) {
  auto tensor = at::empty({size}, type);
  std::memcpy(tensor.mutable_data_ptr(), from, tensor.nbytes());
  return tensor;
}

kernels::StarOrder read_order(const Argument& options) {
  kernels::StarOrder order;
  if (const auto priority = options["priority"]; priority.given()) {
    const auto values = priority.doubles();
    order.priority = copied(values.Data(), values.ElementLength(), at::kDouble);
  }
  if (const auto allow = options["allow"]; allow.given()) {
    const auto bytes = allow.bytes();
    order.allow = copied(bytes.Data(), bytes.ElementLength(), at::kByte);
  }
  return order;
}

std::vector<int64_t> visited(int64_t rows, const Argument& options) {
  const auto order = kernels::visiting_order(rows, read_order(options));
  return {order.begin(), order.end()};
}

at::Tensor read_rows(const Napi::CallbackInfo& info) {
  const Argument options(info[1], "options");
  const auto type = options["type"].one_of({"float32", "float16", "bfloat16"});
  const auto rows = read_tensor({info[0], "rows"})
                        .to(type == "float32"   ? at::kFloat
                            : type == "float16" ? at::kHalf
                                                : at::kBFloat16);
  const auto layout = options["layout"].one_of({"together", "rows", "channels"});
  if (layout == "channels") return rows.t().contiguous().t();
  if (layout == "rows") return at::constant_pad_nd(rows, {3, 2}, 7).narrow(1, 3, rows.size(1));
  return rows;
}

// vectorStars(rows, options) -> { centres, scores: Float64Array, sketch, verified }
Napi::Value vector_stars(const Napi::CallbackInfo& info) {
  const Argument given(info[1], "options");
  kernels::VectorStarOptions options{read_order(given), given["threshold"].value().As<Napi::Number>().DoubleValue()};
  if (const auto bytes = given["sketchBytes"]; bytes.given()) options.sketch_bytes = bytes.integer(0, int64_t{1} << 40);
  const auto stars = kernels::vector_stars(read_rows(info), options, {}, {}, [] {});
  auto result = Napi::Object::New(info.Env());
  result["centres"] = doubles(info.Env(), stars.centres);
  result["scores"] = doubles(info.Env(), stars.scores);
  result["sketch"] = Napi::Number::New(info.Env(), static_cast<double>(stars.sketch));
  result["verified"] = Napi::Number::New(info.Env(), static_cast<double>(stars.verified));
  return result;
}

Napi::Object answer(Napi::Env env, const wordmask_ref::Stars& stars) {
  auto result = Napi::Object::New(env);
  result["centres"] = doubles(env, std::vector<double>(stars.centres.begin(), stars.centres.end()));
  result["scores"] = doubles(env, stars.scores);
  result["margin"] = Napi::Number::New(env, stars.margin);
  return result;
}

// vectorStarsReference(rows, options) -> { centres, scores: Float64Array, margin }
Napi::Value vector_stars_reference(const Napi::CallbackInfo& info) {
  const auto rows = read_rows(info);
  const Argument options(info[1], "options");
  return answer(info.Env(), wordmask_ref::vector_stars(numbers(rows), rows.size(1), visited(rows.size(0), options),
                                                       options["threshold"].value().As<Napi::Number>().DoubleValue()));
}

// hammingStarsReference(hashes, options) -> the same, distances as scores
Napi::Value hamming_stars_reference(const Napi::CallbackInfo& info) {
  const auto array = Argument(info[0], "hashes").typed<Napi::BigUint64Array>(napi_biguint64_array, "a BigUint64Array");
  const std::vector<uint64_t> hashes(array.Data(), array.Data() + array.ElementLength());
  const Argument options(info[1], "options");
  return answer(info.Env(), wordmask_ref::hamming_stars(hashes, visited(static_cast<int64_t>(hashes.size()), options),
                                                        options["maxHamming"].integer(0, 64)));
}

}  // namespace

void define_stars(Napi::Env, Napi::Object exports) {
  define<vector_stars>(exports, "vectorStars");
  define<vector_stars_reference>(exports, "vectorStarsReference");
  define<hamming_stars_reference>(exports, "hammingStarsReference");
}

}  // namespace wordmask::testing

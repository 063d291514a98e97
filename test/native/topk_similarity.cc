#include "kernels/topk_similarity/topk_similarity.h"

#include <ATen/ATen.h>

#include "kernels/topk_similarity/topk_similarity_ref.h"
#include "testing.h"
#include "weights/mapped_file.h"

namespace wordmask::testing {
namespace {

at::ScalarType read_type(const Argument& argument) {
  const auto name = argument.one_of({"float32", "float16", "bfloat16", "float64"});
  if (name == "float64") return at::kDouble;
  return name == "float32" ? at::kFloat : name == "float16" ? at::kHalf : at::kBFloat16;
}

std::vector<double> doubles(const at::Tensor& tensor) {
  const auto values = tensor.to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

kernels::TopkOptions read_options(const Argument& argument) {
  kernels::TopkOptions options;
  options.k = argument["k"].integer(-1, int64_t{1} << 40);
  if (const auto threshold = argument["threshold"]; threshold.given())
    options.threshold = threshold.value().As<Napi::Number>().DoubleValue();
  if (const auto allow = argument["allow"]; allow.given()) {
    const auto bytes = allow.bytes();
    options.allow = at::empty({static_cast<int64_t>(bytes.ElementLength())}, at::kByte);
    std::copy_n(bytes.Data(), bytes.ElementLength(), options.allow->mutable_data_ptr<uint8_t>());
  }
  return options;
}

at::Tensor read_query(const Napi::CallbackInfo& info) {
  return read_tensor({info[0], "query"}).to(read_type(Argument(info[2], "options")["queryType"]));
}

// As the kernel's width of storage holds them; `layout` as in max_affinity.cc.
at::Tensor read_database(const Napi::CallbackInfo& info) {
  const Argument options(info[2], "options");
  const auto database = read_tensor({info[1], "database"}).to(read_type(options["type"]));
  const auto layout = options["layout"].one_of({"together", "rows", "channels"});
  if (layout == "channels") return database.t().contiguous().t();
  if (layout == "rows") return at::constant_pad_nd(database, {3, 2}, 7).narrow(1, 3, database.size(1));
  return database;
}

Napi::Object answer(Napi::Env env, const at::Tensor& scores, const at::Tensor& indices) {
  auto result = Napi::Object::New(env);
  auto values = Napi::Float64Array::New(env, scores.numel());
  std::copy_n(scores.to(at::kDouble).const_data_ptr<double>(), scores.numel(), values.Data());
  auto rows = Napi::Int32Array::New(env, indices.numel());
  std::copy_n(indices.to(at::kInt).const_data_ptr<int32_t>(), indices.numel(), rows.Data());
  result["scores"] = values;
  result["indices"] = rows;
  return result;
}

// topkSimilarity(query, database, options) -> { scores: Float64Array, indices: Int32Array }
Napi::Value topk_similarity(const Napi::CallbackInfo& info) {
  const auto found =
      kernels::topk_similarity(read_query(info), read_database(info), read_options({info[2], "options"}));
  return answer(info.Env(), found.scores, found.indices);
}

// topkMapped(query, { path, offset, shape: [n, d] }, options): rows of a mapped file, from a byte on
Napi::Value topk_mapped(const Napi::CallbackInfo& info) {
  const Argument rows(info[1], "rows"), options(info[2], "options");
  const auto file = weights::MappedFile::open(rows["path"].string());
  const auto database = at::from_blob(
      const_cast<uint8_t*>(file->bytes().data()) + rows["offset"].integer(0, 1 << 20),
      {rows["shape"].at(0).integer(0, 1 << 20), rows["shape"].at(1).integer(0, 1 << 20)}, read_type(options["type"]));
  const auto found = kernels::topk_similarity(read_query(info), database, read_options(options));
  return answer(info.Env(), found.scores, found.indices);
}

// topkReference(query, database, options) -> the same from float64, and products: Float64Array [q, n], plain: the
// products by mm in float32; both from the values as their dtypes hold them
Napi::Value topk_reference(const Napi::CallbackInfo& info) {
  const auto query = read_query(info), database = read_database(info);
  const auto options = read_options({info[2], "options"});
  std::vector<bool> allow(database.size(0), true);
  for (size_t i = 0; options.allow && i < allow.size(); ++i)
    allow[i] = options.allow->const_data_ptr<uint8_t>()[i / 8] >> (i % 8) & 1;
  const auto exact = wordmask_ref::topk_similarity(doubles(query), doubles(database), query.size(1), options.k,
                                                   options.threshold, allow);
  const auto count = static_cast<int64_t>(exact.indices.size());
  auto result =
      answer(info.Env(), at::tensor(exact.scores, at::kDouble), at::tensor(exact.indices, at::kLong).view({count}));
  const auto copy = [&](const char* name, const double* from, size_t size) {
    auto values = Napi::Float64Array::New(info.Env(), size);
    std::copy_n(from, size, values.Data());
    result[name] = values;
  };
  copy("products", exact.products.data(), exact.products.size());
  const auto plain = query.to(at::kFloat).mm(database.to(at::kFloat).t()).to(at::kDouble).contiguous();
  copy("plain", plain.const_data_ptr<double>(), plain.numel());
  return result;
}

}  // namespace

void define_topk_similarity(Napi::Env, Napi::Object exports) {
  define<topk_similarity>(exports, "topkSimilarity");
  define<topk_mapped>(exports, "topkMapped");
  define<topk_reference>(exports, "topkReference");
}

}  // namespace wordmask::testing

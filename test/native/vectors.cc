// Vector files by pieces of a chosen size, so that small ones have many.
#include <ATen/ATen.h>

#include <limits>

#include "pipeline/vector_search.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

pipeline::VectorLayout read_layout(const Argument& argument) {
  pipeline::VectorLayout layout{argument["rows"].integer(0, 1 << 24), argument["dim"].integer(1, 1 << 20), at::kFloat,
                                argument["offset"].integer(0, 1 << 24)};
  const auto dtype = argument["dtype"].one_of({"float16", "float32", "bfloat16"});
  if (dtype != "float32") layout.dtype = dtype == "float16" ? at::kHalf : at::kBFloat16;
  return layout;
}

// searchPieces(file, layout, query, options, piece) -> { scores: Float64Array, indices: Int32Array }
Napi::Value search_pieces(const Napi::CallbackInfo& info) {
  const Argument options(info[3], "options");
  kernels::TopkOptions wanted;
  wanted.k = options["k"].integer(0, 1 << 24);
  if (const auto threshold = options["threshold"]; threshold.given())
    wanted.threshold = threshold.value().As<Napi::Number>().DoubleValue();
  if (const auto allow = options["allow"]; allow.given()) {
    const auto bytes = allow.bytes();
    wanted.allow = at::empty({static_cast<int64_t>(bytes.ElementLength())}, at::kByte);
    std::copy_n(bytes.Data(), bytes.ElementLength(), wanted.allow->mutable_data_ptr<uint8_t>());
  }
  const auto vectors =
      pipeline::MappedVectors::open(Argument(info[0], "file").string(), read_layout({info[1], "layout"}));
  const auto found = pipeline::vector_search(*vectors, read_tensor({info[2], "query"}), wanted,
                                             Argument(info[4], "piece").integer(8, 1 << 24), {}, {});
  auto rows = Napi::Int32Array::New(info.Env(), found.indices.numel());
  std::copy_n(found.indices.to(at::kInt).const_data_ptr<int32_t>(), found.indices.numel(), rows.Data());
  auto result = Napi::Object::New(info.Env());
  result["scores"] = doubles(info.Env(), found.scores);
  result["indices"] = rows;
  return result;
}

}  // namespace

void define_vectors(Napi::Env, Napi::Object exports) { define<search_pieces>(exports, "searchPieces"); }

}  // namespace wordmask::testing

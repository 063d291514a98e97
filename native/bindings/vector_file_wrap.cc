#include "bindings/vector_file_wrap.h"

#include <limits>

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/stars.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"
#include "pipeline/vector_search.h"
#include "pipeline/vector_stars.h"

namespace wordmask::bindings {
namespace {

constexpr char kLane[] = "cpu";
constexpr int64_t kMost = int64_t{1} << 46;

pipeline::VectorLayout read_layout(const Argument& argument) {
  pipeline::VectorLayout layout;
  layout.rows = argument["rows"].integer(0, kMost);
  layout.dim = argument["dim"].integer(1, kMost);
  layout.offset = argument["offset"].integer(0, kMost);
  const std::string dtype = argument["dtype"].one_of({"float16", "float32", "bfloat16"});
  layout.dtype = dtype == "float32" ? at::kFloat : dtype == "float16" ? at::kHalf : at::kBFloat16;
  return layout;
}

// static open(file, layout, task): Promise<VectorFile>
Napi::Value open(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[2]), "files",
      [file = Argument(info[0], "file").string(), layout = read_layout({info[1], "layout"})](const Job&) {
        return pipeline::MappedVectors::open(file, layout);
      },
      [](Napi::Env env, const std::shared_ptr<pipeline::MappedVectorsPtr>& vectors) -> Napi::Value {
        return Wrapped<VectorFileWrap>::make(env, std::make_unique<VectorFileWrap>(VectorFileWrap{*vectors}));
      });
}

Napi::Value rows(const Napi::CallbackInfo& info) {
  const pipeline::VectorLayout layout = Wrapped<VectorFileWrap>::receiver(info).alive()->layout();
  return Napi::Number::New(info.Env(), static_cast<double>(layout.rows));
}
Napi::Value dim(const Napi::CallbackInfo& info) {
  const pipeline::VectorLayout layout = Wrapped<VectorFileWrap>::receiver(info).alive()->layout();
  return Napi::Number::New(info.Env(), static_cast<double>(layout.dim));
}

kernels::TopkOptions read_search(const Argument& argument) {
  kernels::TopkOptions options;
  options.k = argument["k"].integer(0, kMost);
  if (const Argument threshold = argument["threshold"]; threshold.given())
    options.threshold =
        threshold.number(-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity());
  if (const Argument allow = argument["allow"]; allow.given()) options.allow = read_bytes(allow);
  return options;
}

Napi::Value found_to_js(Napi::Env env, const std::shared_ptr<pipeline::Found>& found) {
  Napi::Object result = Napi::Object::New(env);
  result["k"] = Napi::Number::New(env, static_cast<double>(found->scores.size(1)));
  result["scores"] = to_values<Napi::Float32Array>(env, found->scores);
  result["indices"] = to_values<Napi::Float64Array>(env, found->indices);
  return result;
}

// search(queries, options, task): Promise<SearchResult>
Napi::Value search(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[2]), kLane,
      [vectors = Wrapped<VectorFileWrap>::receiver(info).alive(), queries = read_tensor({info[0], "queries"}),
       options = read_search({info[1], "options"})](const Job& job) {
        return pipeline::vector_search(*vectors, queries, options, job.cancel, job.progress);
      },
      found_to_js);
}

constexpr int64_t kSketchBytes = int64_t{1} << 30;

Napi::Value stars_to_js(Napi::Env env, const std::shared_ptr<kernels::Stars>& stars) {
  Napi::Object result = Napi::Object::New(env);
  result["centres"] = to_values<Napi::Int32Array>(env, stars->centres);
  result["scores"] = to_values<Napi::Float32Array>(env, stars->scores);
  result["sketch"] = Napi::Number::New(env, static_cast<double>(stars->sketch));
  result["verified"] = Napi::Number::New(env, static_cast<double>(stars->verified));
  return result;
}

int64_t read_sketch_bytes(const Argument& bytes) { return bytes.given() ? bytes.integer(0, kMost) : kSketchBytes; }

// stars(options, task): Promise<Stars>
Napi::Value stars(const Napi::CallbackInfo& info) {
  const Argument given(info[0], "options");
  kernels::VectorStarOptions options{read_star_order(given), given["threshold"].number(0, 1),
                                     read_sketch_bytes(given["sketchBytes"])};
  return run(
      info.Env(), read_task(info[1]), kLane,
      [vectors = Wrapped<VectorFileWrap>::receiver(info).alive(), options](const Job& job) {
        return pipeline::vector_stars(*vectors, options, job.cancel, job.progress);
      },
      stars_to_js);
}

// static starsCost(rows, dim, sketchBytes?): StarsCost
Napi::Value stars_cost(const Napi::CallbackInfo& info) {
  const kernels::StarCost cost = kernels::vector_star_cost(Argument(info[0], "rows").integer(0, kernels::kMostStarRows),
                                                           Argument(info[1], "dim").integer(1, kMost),
                                                           read_sketch_bytes({info[2], "sketchBytes"}));
  Napi::Object result = Napi::Object::New(info.Env());
  result["pairs"] = cost.pairs;
  result["multiplyAdds"] = cost.multiply_adds;
  result["bytes"] = cost.bytes;
  return result;
}

// take(indices, task): Promise<Float32Tensor>
Napi::Value take(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[1]), kLane,
      [vectors = Wrapped<VectorFileWrap>::receiver(info).alive(),
       indices = read_doubles({info[0], "indices"})](const Job&) { return pipeline::take_rows(*vectors, indices); },
      ToTensor());
}

// dispose(): void
Napi::Value dispose(const Napi::CallbackInfo& info) {
  Wrapped<VectorFileWrap>::receiver(info).vectors.reset();
  return info.Env().Undefined();
}

}  // namespace

pipeline::MappedVectorsPtr VectorFileWrap::alive() const {
  WM_CHECK(vectors, code::kDisposed, "This VectorFile was disposed");
  return vectors;
}

std::unique_ptr<VectorFileWrap> VectorFileWrap::construct(const Napi::CallbackInfo& info) {
  return Wrapped<VectorFileWrap>::handed_over(info, "VectorFile.open");
}

void VectorFileWrap::define(Napi::Env env, Napi::Object exports) {
  Wrapped<VectorFileWrap>::define(
      env, exports,
      {async<open>("open", kStatic), getter<rows>("rows"), getter<dim>("dim"), async<search>("search"),
       async<take>("take"), async<stars>("stars"), sync<stars_cost>("starsCost", kStatic), sync<dispose>("dispose")});
}

}  // namespace wordmask::bindings

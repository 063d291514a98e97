#include "kernels/topk_similarity/topk_similarity.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/isfinite.h>
#include <torch/library.h>

#include <cmath>
#include <tuple>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def(
      "topk_similarity(Tensor query, Tensor database, int k, float threshold, Tensor? allow) -> "
      "(Tensor scores, Tensor indices)");
}

namespace wordmask::kernels {

namespace {
void check_vectors(const char* name, const at::Tensor& vectors) {
  const auto type = vectors.scalar_type();
  WM_CHECK(vectors.dim() == 2 && (type == at::kFloat || type == at::kHalf || type == at::kBFloat16),
           code::kInvalidArgument, "Expected two dimensions of float32, float16 or bfloat16 for ", name,
           " but received ", type, " ", vectors.sizes());
}

void check_allow(const at::Tensor& database, const at::Tensor& allow) {
  WM_CHECK(allow.device() == database.device(), code::kDevice, "Expected the allow bitmap on ", database.device(),
           ", where the database is, but received one on ", allow.device());
  const auto bytes = (database.size(0) + 7) / 8;
  WM_CHECK(allow.dim() == 1 && allow.scalar_type() == at::kByte && allow.size(0) == bytes, code::kInvalidArgument,
           "Expected an allow bitmap of ", bytes, " uint8 for ", database.size(0), " rows but received ",
           allow.scalar_type(), " ", allow.sizes());
}
}  // namespace

Topk topk_similarity(const at::Tensor& query, const at::Tensor& database, const TopkOptions& options) {
  using Signature = std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&, int64_t, double,
                                                       const std::optional<at::Tensor>&);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::topk_similarity", "").typed<Signature>();
  check_vectors("query", query);
  check_vectors("database", database);
  WM_CHECK(query.size(1) == database.size(1), code::kInvalidArgument,
           "Expected queries as wide as the database's rows but received query ", query.sizes(), " and database ",
           database.sizes());
  WM_CHECK(query.device() == database.device(), code::kDevice, "Expected queries on ", database.device(),
           ", where the database is, but received queries on ", query.device());
  WM_CHECK(options.k >= 0 && !std::isnan(options.threshold), code::kInvalidArgument,
           "Expected k >= 0 and a threshold that is a number but received ", options.k, " and ", options.threshold);
  WM_CHECK(at::isfinite(query).all().item().toBool(), code::kInvalidArgument,
           "Expected finite queries but received NaN or infinity");
  if (options.allow) check_allow(database, *options.allow);
  auto [scores, indices] = op.call(query, database, options.k, options.threshold, options.allow);
  return {scores, indices};
}

}  // namespace wordmask::kernels

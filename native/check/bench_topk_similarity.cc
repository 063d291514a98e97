#include "check/bench.h"
#include "kernels/topk_similarity/topk_similarity.h"

namespace wordmask::check {
namespace {

Prepared prepare(const Parameters& parameters, bool plain) {
  const auto rows = parameters.integer("rows"), dim = parameters.integer("dim"),
             queries = parameters.integer("queries");
  const auto dtype = parameters.dtype("dtype");
  const auto database = uniform({rows, dim}, 1, dtype).to(parameters.device());
  const auto query = uniform({queries, dim}, 2).to(parameters.device());
  kernels::TopkOptions options;
  options.k = parameters.integer("k");
  Prepared prepared;
  prepared.ours = [=] { return kernels::topk_similarity(query, database, options).indices; };
  prepared.bytes = static_cast<double>(rows * dim) * static_cast<double>(database.element_size());
  prepared.flops = 2.0 * static_cast<double>(rows * dim * queries);
  if (!plain) return prepared;
  const auto narrow = query.to(dtype);
  const auto best = [k = std::min(options.k, rows)](const at::Tensor& scores, int64_t dim) {
    return std::get<1>(scores.topk(k, dim));
  };
  prepared.plain = fastest({{"query x database", [=] { return best(narrow.mm(database.t()), 1); }},
                            {"database x query", [=] { return best(database.mm(narrow.t()).t().contiguous(), 1); }}},
                           prepared.note);
  return prepared;
}

const BenchOp kTopkSimilarity{
    "topk_similarity",
    {{"rows", "1000000"}, {"dim", "512"}, {"queries", "1"}, {"k", "100"}, {"dtype", "float32"}, {"device", "cpu"}},
    {{}, {{"queries", "64"}}, {{"dtype", "float16"}}, {{"dtype", "bfloat16"}}, {{"k", "10000"}}},
    prepare};

}  // namespace
}  // namespace wordmask::check

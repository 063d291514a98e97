#include "kernels/topk_similarity/topk_similarity_cuda.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/topk.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "kernels/topk_similarity/threshold.h"

namespace wordmask::kernels {

namespace {
constexpr int64_t kQueriesTogether = 1024, kKeysTogether = int64_t{1} << 25;  // 256 MB of keys
constexpr int64_t kMostRows = int64_t{1} << 32;                               // a row is half a key

Storage storage(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat  ? Storage::kFloat
         : tensor.scalar_type() == at::kHalf ? Storage::kHalf
                                             : Storage::kBFloat16;
}

// The best keys of some queries, best first; [queries, k].
at::Tensor best_keys(const at::Tensor& query, const at::Tensor& database, int64_t k, double threshold,
                     const uint8_t* allow) {
  const int64_t queries = query.size(0), rows = database.size(0), width = database.size(1);
  const int64_t together = std::max<int64_t>(kKeysTogether / queries, 1);
  const auto stream = c10::cuda::getCurrentCUDAStream();
  at::Tensor best;
  for (int64_t first = 0; first < rows; first += together) {
    const int64_t count = std::min(together, rows - first);
    auto keys = at::empty({queries, count}, query.options().dtype(at::kLong));
    const TopkProblem problem{query.const_data_ptr(),
                              storage(query),
                              static_cast<const char*>(database.const_data_ptr()) +
                                  first * width * static_cast<int64_t>(database.element_size()),
                              storage(database),
                              queries,
                              count,
                              width,
                              first,
                              at_least(threshold),
                              allow,
                              keys.mutable_data_ptr<int64_t>(),
                              count};
    launch_topk_keys(problem, stream);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
    // Keys differ from each other, but for those of no row, which decode alike: the selection has no ties to break.
    auto chosen = std::get<0>(at::topk(keys, std::min(k, count), 1));
    if (best.defined()) {
      const auto both = at::cat({best, chosen}, 1);
      chosen = std::get<0>(at::topk(both, std::min(k, both.size(1)), 1));
    }
    best = chosen;
  }
  return best.contiguous();
}

std::tuple<at::Tensor, at::Tensor> topk_similarity_cuda(const at::Tensor& given_query, const at::Tensor& given_database,
                                                        int64_t k, double threshold,
                                                        const std::optional<at::Tensor>& given_allow) {
  const c10::cuda::CUDAGuard guard(given_database.device());
  const auto query = given_query.contiguous(), database = given_database.contiguous();
  const auto allow = given_allow ? given_allow->contiguous() : at::Tensor();
  WM_CHECK(database.size(0) < kMostRows, code::kInvalidArgument, "Expected fewer than ", kMostRows,
           " rows on CUDA but received ", database.size(0));
  const int64_t queries = query.size(0), width = std::min(k, database.size(0));
  auto scores = at::empty({queries, width}, query.options().dtype(at::kFloat));
  auto indices = at::empty({queries, width}, query.options().dtype(at::kLong));
  if (scores.numel() == 0) return {scores, indices};
  const auto* bitmap = allow.defined() ? allow.const_data_ptr<uint8_t>() : nullptr;
  for (int64_t from = 0; from < queries; from += kQueriesTogether) {
    const auto some = query.slice(0, from, std::min(from + kQueriesTogether, queries));
    const auto keys = best_keys(some, database, width, threshold, bitmap);
    launch_topk_decode(keys.const_data_ptr<int64_t>(), keys.numel(), scores.mutable_data_ptr<float>() + from * width,
                       indices.mutable_data_ptr<int64_t>() + from * width, c10::cuda::getCurrentCUDAStream());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  }
  return {scores, indices};
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CUDA, m) { m.impl("topk_similarity", &topk_similarity_cuda); }

}  // namespace wordmask::kernels

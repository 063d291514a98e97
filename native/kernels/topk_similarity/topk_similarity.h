#pragma once
#include <ATen/core/Tensor.h>

#include <limits>
#include <optional>

namespace wordmask::kernels {

struct TopkOptions {
  int64_t k = 0;
  // Rows that score less are left out. -inf: none.
  double threshold = -std::numeric_limits<double>::infinity();
  // Rows that may be chosen: uint8 [ceil(n / 8)], row i is bit i % 8 of byte i / 8 (Arrow's order). None: all.
  std::optional<at::Tensor> allow;
};

struct Topk {
  at::Tensor scores;   // float32 [q, min(k, n)], largest first; -inf where fewer rows are left
  at::Tensor indices;  // int64, the rows of `database`, of equal scores the lower first; -1 where fewer are left
};

// The k best rows of a database for each query: scores[i, j] = <query[i], database[j]>, summed in float32.
//
// query [q, d] float32, float16 or bfloat16, finite; database [n, d] float32, float16 or bfloat16, over any memory that
// stays as it is meanwhile (a mapped file: pages are read once, in order, for up to 128 queries). A row with a NaN, or
// whose score is NaN, is never chosen. Rows whose d values lie together are read in place, others are copied first.
// Where query and database are both bfloat16 the products may be those of the machine's bfloat16 instructions.
// Memory beside the inputs and the result: 32 k bytes a query and thread for up to 128 queries at a time, and panels of
// at most 0.5 MB (32 queries if d is large). Neither the number of threads nor the place of a row changes a bit; a few
// queries and many are summed in another order.
//
// ERR_WORDMASK_INVALID_ARGUMENT: other shapes or dtypes, a negative k, a threshold that is NaN, a query that is not
// finite. ERR_WORDMASK_DEVICE: tensors on several devices.
Topk topk_similarity(const at::Tensor& query, const at::Tensor& database, const TopkOptions& options);

}  // namespace wordmask::kernels

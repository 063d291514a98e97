#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace wordmask::kernels {

// Near-duplicate groups as stars: the rows are visited in order; one that nobody has taken becomes a centre, and all
// later ones near it that nobody has taken join it. Unlike connected components, chains of small steps do not merge:
// every member is near its centre.
struct StarOrder {
  // float64 [n], no NaN: larger comes first, of equal ones the lower row. None: the rows as they lie.
  std::optional<at::Tensor> priority;
  // Rows that take part, a bitmap as topk_similarity's. None: all.
  std::optional<at::Tensor> allow;
};

// At most so many rows: they are counted in 32 bits.
inline constexpr int64_t kMostStarRows = (int64_t{1} << 31) - 1;

// The rows that take part, first to last. ERR_WORDMASK_INVALID_ARGUMENT: another shape or dtype, NaN, too many rows.
std::vector<int32_t> visiting_order(int64_t rows, const StarOrder& order);

}  // namespace wordmask::kernels

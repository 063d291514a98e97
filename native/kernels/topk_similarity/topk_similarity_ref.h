#pragma once
#include <vector>

#include "kernels/topk_similarity/topk_similarity.h"

namespace wordmask_ref {

struct Topk {
  std::vector<double> products;  // [q, n], every one
  std::vector<double> scores;    // [q, min(k, n)]
  std::vector<int64_t> indices;
};

// The formula of topk_similarity.h in float64: all products, a full sort.
Topk topk_similarity(const std::vector<double>& query, const std::vector<double>& database, int64_t width, int64_t k,
                     double threshold, const std::vector<bool>& allow);

}  // namespace wordmask_ref

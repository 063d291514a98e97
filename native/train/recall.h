#pragma once
#include <functional>
#include <vector>

namespace wordmask::train {

struct Recall {
  std::vector<double> recall;  // for each k: share of queries with a right image among the first k
  std::vector<double> chance;  // the same for a random order: 1 - C(n - m, k) / C(n, k), averaged over the queries
  int queries = 0;             // those with at least one right image; the others are left out
};

// scores: row-major [queries, images], higher is better; equal scores rank the lower image first.
Recall recall(const float* scores, int queries, int images, const std::function<bool(int query, int image)>& right,
              const std::vector<int>& ks);

}  // namespace wordmask::train

#include "kernels/topk_similarity/topk_similarity_ref.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wordmask_ref {

Topk topk_similarity(const std::vector<double>& query, const std::vector<double>& database, int64_t width, int64_t k,
                     double threshold, const std::vector<bool>& allow) {
  const int64_t queries = query.size() / width, rows = database.size() / width;
  Topk result;
  for (int64_t q = 0; q < queries; ++q) {
    std::vector<int64_t> order;
    std::vector<double> products(rows);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t i = 0; i < width; ++i) products[row] += query[q * width + i] * database[row * width + i];
      if (allow[row] && !std::isnan(products[row]) && products[row] >= threshold) order.push_back(row);
    }
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return products[a] > products[b]; });
    for (int64_t i = 0; i < std::min(k, rows); ++i) {
      const bool left = i < static_cast<int64_t>(order.size());
      result.scores.push_back(left ? products[order[i]] : -std::numeric_limits<double>::infinity());
      result.indices.push_back(left ? order[i] : -1);
    }
    result.products.insert(result.products.end(), products.begin(), products.end());
  }
  return result;
}

}  // namespace wordmask_ref

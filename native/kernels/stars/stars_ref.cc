#include "kernels/stars/stars_ref.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <limits>

namespace wordmask_ref {

namespace {
// near(centre, row): the score of the two, or NaN.
template <class Near>
Stars stars(size_t rows, const std::vector<int64_t>& order, Near near) {
  Stars result{std::vector<int64_t>(rows, -1), std::vector<double>(rows, std::nan("")),
               std::numeric_limits<double>::infinity()};
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t centre = order[i];
    if (result.centres[centre] >= 0) continue;
    result.centres[centre] = centre;
    for (size_t j = i + 1; j < order.size(); ++j) {
      if (result.centres[order[j]] >= 0) continue;
      const double score = near(centre, order[j]);
      if (std::isnan(score)) continue;
      result.centres[order[j]] = centre;
      result.scores[order[j]] = score;
    }
  }
  return result;
}
}  // namespace

Stars vector_stars(const std::vector<double>& rows, int64_t dim, const std::vector<int64_t>& order, double threshold) {
  const auto product = [&](int64_t a, int64_t b) {
    double sum = 0;
    for (int64_t i = 0; i < dim; ++i) sum += rows[a * dim + i] * rows[b * dim + i];
    return sum;
  };
  double margin = std::numeric_limits<double>::infinity();
  Stars result = stars(rows.size() / dim, order, [&](int64_t a, int64_t b) {
    const double cosine = product(a, b) / std::sqrt(product(a, a) * product(b, b));
    if (std::isnan(cosine)) return cosine;
    margin = std::min(margin, std::abs(cosine - threshold));
    return cosine >= threshold ? cosine : std::nan("");
  });
  for (const int64_t row : order)
    if (result.centres[row] == row) result.scores[row] = 1;
  result.margin = margin;
  return result;
}

Stars hamming_stars(const std::vector<uint64_t>& hashes, const std::vector<int64_t>& order, int64_t most) {
  Stars result = stars(hashes.size(), order, [&](int64_t a, int64_t b) {
    const auto bits = static_cast<int64_t>(std::bitset<64>(hashes[a] ^ hashes[b]).count());
    return bits <= most ? static_cast<double>(bits) : std::nan("");
  });
  for (const int64_t row : order)
    if (result.centres[row] == row) result.scores[row] = 0;
  return result;
}

}  // namespace wordmask_ref

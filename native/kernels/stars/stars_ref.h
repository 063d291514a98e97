#pragma once
#include <cstdint>
#include <vector>

namespace wordmask_ref {

struct Stars {
  std::vector<int64_t> centres;
  std::vector<double> scores;
  double margin;  // how near any cosine that was asked for comes to the threshold
};

// The rule of order.h and the formula of vector_stars.h in float64, a row at a time. `order`: the rows that take part.
Stars vector_stars(const std::vector<double>& rows, int64_t dim, const std::vector<int64_t>& order, double threshold);
Stars hamming_stars(const std::vector<uint64_t>& hashes, const std::vector<int64_t>& order, int64_t most);

}  // namespace wordmask_ref

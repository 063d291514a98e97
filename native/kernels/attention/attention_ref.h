#pragma once
#include <cstdint>
#include <vector>

namespace wordmask_ref {

struct AttentionSizes {
  int64_t b, m, n, heads, d;
  bool causal;
};

// The formula of attention.h, float64; q [b, m, heads * d], k and v [b, n, heads * d]; lengths [b] or empty.
std::vector<double> attention(const std::vector<double>& q, const std::vector<double>& k, const std::vector<double>& v,
                              const std::vector<int64_t>& lengths, const AttentionSizes& sizes);

}  // namespace wordmask_ref

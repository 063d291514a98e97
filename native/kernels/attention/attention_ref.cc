#include "kernels/attention/attention_ref.h"

#include <algorithm>
#include <cmath>

namespace wordmask_ref {

std::vector<double> attention(const std::vector<double>& q, const std::vector<double>& k, const std::vector<double>& v,
                              const std::vector<int64_t>& lengths, const AttentionSizes& sizes) {
  const auto [b, m, n, heads, d, causal] = sizes;
  const int64_t width = heads * d;
  std::vector<double> out(q.size());
  for (int64_t image = 0; image < b; ++image) {
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t i = 0; i < m; ++i) {
        const double* query = q.data() + (image * m + i) * width + h * d;
        const int64_t seen = std::min(lengths.empty() ? n : lengths[image], causal ? i + 1 : n);
        std::vector<double> weight;
        for (int64_t j = 0; j < seen; ++j) {
          const double* key = k.data() + (image * n + j) * width + h * d;
          double score = 0;
          for (int64_t c = 0; c < d; ++c) score += query[c] * key[c];
          weight.push_back(score / std::sqrt(static_cast<double>(d)));
        }
        const double most = *std::max_element(weight.begin(), weight.end());
        double total = 0;
        for (double& value : weight) total += value = std::exp(value - most);
        for (int64_t j = 0; j < seen; ++j) {
          for (int64_t c = 0; c < d; ++c)
            out[(image * m + i) * width + h * d + c] += weight[j] / total * v[(image * n + j) * width + h * d + c];
        }
      }
    }
  }
  return out;
}

}  // namespace wordmask_ref

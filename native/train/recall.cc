#include "train/recall.h"

#include <algorithm>

namespace wordmask::train {

Recall recall(const float* scores, int queries, int images, const std::function<bool(int, int)>& right,
              const std::vector<int>& ks) {
  Recall result;
  result.recall.resize(ks.size());
  result.chance.resize(ks.size());
  for (int q = 0; q < queries; ++q) {
    const float* row = scores + static_cast<size_t>(q) * images;
    int best = -1, answers = 0;
    for (int i = 0; i < images; ++i) {
      if (!right(q, i)) continue;
      ++answers;
      if (best < 0 || row[i] > row[best]) best = i;
    }
    if (best < 0) continue;
    int before = 0;
    for (int i = 0; i < images; ++i) before += row[i] > row[best] || (row[i] == row[best] && i < best);
    ++result.queries;
    for (size_t k = 0; k < ks.size(); ++k) {
      double miss = 1;
      for (int j = 0; j < std::min(ks[k], images); ++j)
        miss *= std::max(0.0, static_cast<double>(images - answers - j)) / (images - j);
      result.recall[k] += before < ks[k];
      result.chance[k] += 1 - miss;
    }
  }
  for (size_t k = 0; k < ks.size(); ++k) {
    result.recall[k] /= std::max(1, result.queries);
    result.chance[k] /= std::max(1, result.queries);
  }
  return result;
}

}  // namespace wordmask::train

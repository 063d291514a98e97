#include "kernels/confusion/confusion_ref.h"

#include <cstddef>

namespace wordmask_ref {

std::vector<int64_t> confusion(const std::vector<int64_t>& truth, const std::vector<int64_t>& prediction,
                               int64_t classes, int64_t ignore) {
  std::vector<int64_t> counts(classes * classes);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] != ignore) ++counts.at(truth[i] * classes + prediction[i]);
  }
  return counts;
}

}  // namespace wordmask_ref

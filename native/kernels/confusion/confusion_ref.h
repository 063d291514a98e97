#pragma once
#include <cstdint>
#include <vector>

namespace wordmask_ref {

// classes * classes counts, a place at a time; labels have to be in range.
std::vector<int64_t> confusion(const std::vector<int64_t>& truth, const std::vector<int64_t>& prediction,
                               int64_t classes, int64_t ignore);

}  // namespace wordmask_ref

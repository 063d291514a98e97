#pragma once
#include <vector>

#include "kernels/pamr/pamr.h"

namespace wordmask_ref {

// The formula of pamr.h in float64: probabilities [height * width, labels], rgb [height * width, 3].
std::vector<double> pamr(const std::vector<double>& probabilities, const std::vector<uint8_t>& rgb, int64_t height,
                         int64_t width, int64_t labels, const wordmask::kernels::PamrOptions& options);

}  // namespace wordmask_ref

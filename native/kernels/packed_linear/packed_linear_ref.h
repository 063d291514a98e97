#pragma once
#include <vector>

#include "kernels/packed_linear/packed_linear.h"

namespace wordmask_ref {

// fused(x W^T + b), float64: x [m, in], weight [out, in], bias [out] -> [m, out].
std::vector<double> packed_linear(const std::vector<double>& x, const std::vector<double>& weight,
                                  const std::vector<double>& bias, wordmask::kernels::Fused fused);

}  // namespace wordmask_ref

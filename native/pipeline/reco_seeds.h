#pragma once
#include <ATen/core/Tensor.h>

#include "base/cancel.h"
#include "kernels/max_affinity/affinity_windows.h"

namespace wordmask::pipeline {

struct RecoSeeds {
  at::Tensor positions;  // int64 [k]: a position of each image
  at::Tensor support;    // float64 [k]: its mean over the windows of the best weighted cosine
};

// The position of each image with the best support in its archive (methods/reco.md 2.7). unit float64 [k, P, C] of
// length 1, weights float64 [k, P].
//
// The choice is that of float64, at the price of float32: max_affinity gives every support up to a known error, and
// positions that could still be the best are compared once more in float64. Of positions whose supports are equal up to
// 1e-12 of the largest weight the first is taken (7.8).
RecoSeeds reco_seeds(const at::Tensor& unit, const at::Tensor& weights, kernels::AffinityWindow window,
                     const Cancel& cancel);

}  // namespace wordmask::pipeline

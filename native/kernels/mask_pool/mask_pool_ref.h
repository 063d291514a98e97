#pragma once
#include <vector>

#include "kernels/mask_pool/mask_pool.h"

namespace wordmask_ref {

// Weights [h, w] of one mask, float64, from the formulas of mask_pool.h: every cell against every pixel.
std::vector<double> mask_weights(const std::vector<double>& mask, int64_t height, int64_t width, int64_t h, int64_t w,
                                 const wordmask::kernels::MaskPoolOptions& options);

// The pooled vector [C] of one mask over features [h, w, C]; 0 where the mask is empty.
std::vector<double> mask_pool(const std::vector<double>& weights, const std::vector<double>& features,
                              wordmask::kernels::MaskReduce reduce);

}  // namespace wordmask_ref

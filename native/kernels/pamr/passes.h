#pragma once
#include "kernels/label_blocks/label_blocks.h"
#include "kernels/pamr/neighbours.h"

// Both passes of PAMR on one row of the image; AVX2 and the plainest machine give the same bits.
namespace wordmask::kernels {

// weights [pixels, neighbours] of row y, from rgb [height, width, 3].
void affinity_row(const Neighbours& neighbours, const uint8_t* rgb, int64_t width, int64_t y, float* weights);

// Row y of `to`: the weighted means of `from`.
void mean_row(const Neighbours& neighbours, const float* weights, int64_t width, int64_t y, const LabelBlock& from,
              const LabelBlock& to);

}  // namespace wordmask::kernels

#pragma once
#include <ATen/core/Tensor.h>

#include "base/cancel.h"
#include "base/image.h"
#include "kernels/stars/order.h"

namespace wordmask::kernels {

struct HammingStars {
  at::Tensor centres;    // int32 [n]: each row's centre, itself for a centre; -1 for rows that take no part
  at::Tensor distances;  // uint8 [n]: bits in which the two differ, 0 for a centre; 255 for rows that take no part
};

// Stars of 64-bit perceptual hashes (uint64 [n], as int64): rows that differ in at most `most` bits (0 .. 64) are near.
// Exact: two hashes that differ in at most `most` bits agree in one of most + 1 bands of 64 / (most + 1) bits, so a
// centre is compared only with the rows that share a band with it. With n hashes of independent bits that is
// n / 2^(bits of a band) rows a band: at most = 4 one row in 1,600 in all, against the n^2 / 2 of plain comparison.
// From about 16 bits on every row is compared.
//
// On the calling thread. Memory: 12 n bytes a band and 21 n. Progress counts rows; cancelled between some thousands.
HammingStars hamming_stars(const at::Tensor& hashes, int64_t most, const StarOrder& order, const Cancel& cancel,
                           const Progress& progress);

}  // namespace wordmask::kernels

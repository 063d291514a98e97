#pragma once
#include <ATen/core/Tensor.h>

#include <functional>

#include "base/cancel.h"
#include "base/image.h"
#include "kernels/stars/order.h"

namespace wordmask::kernels {

struct VectorStarOptions : StarOrder {
  double threshold = 0.96;                  // rows whose cosine is at least this are near: above 0, at most 1
  int64_t sketch_bytes = int64_t{1} << 30;  // memory for sketches, below
};

struct Stars {
  at::Tensor centres;    // int32 [n]: each row's centre, itself for a centre; -1 for rows that take no part
  at::Tensor scores;     // float32 [n]: the cosine of the two, 1 for a centre; NaN for rows that take no part
  int64_t sketch = 0;    // values a sketch
  int64_t verified = 0;  // pairs that were compared in full
};

// Stars of rows [n, d] (float32, float16 or bfloat16, any norm, over memory that stays as it is), exact: two rows are
// near when <a, b> >= threshold |a| |b| in float64. A row of zeros, or with NaN or infinity, is near none.
//
// At most n (n - 1) / 2 pairs and d multiply-adds each. Nearly all pairs are decided on sketches of w values instead:
// the first w - 1 coordinates of the unit rows in the basis that holds most of them (found on a sample), and what is
// left, |a'|, as one more: <a, b> <= <sketch a, sketch b> by Cauchy-Schwarz, so that a pair whose sketches do not reach
// the threshold cannot. w is what costs least on a sample of pairs, within sketch_bytes. Sketches are bfloat16; what
// rounding can take from them is given back to the bound.
//
// Memory: n (2 w + 20) bytes, never [n, n]. Neither threads nor the instruction set change the answer. `check` is
// called on the calling thread before each part of the work (tens of milliseconds at a million rows) and may throw;
// progress counts pairs.
Stars vector_stars(const at::Tensor& rows, const VectorStarOptions& options, const Cancel& cancel,
                   const Progress& progress, const std::function<void()>& check);

struct StarCost {
  double pairs;          // n (n - 1) / 2
  double multiply_adds;  // d times that: what the plain comparison takes, and ours where sketches decide nothing
  double bytes;          // of memory, with the widest sketch that fits
};
StarCost vector_star_cost(int64_t rows, int64_t dim, int64_t sketch_bytes);

}  // namespace wordmask::kernels

#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace wordmask::kernels {

// What rounding can take from the product of two sketches: 2^-9 of each value of unit vectors in bfloat16, twice, and
// the rounding of float32 sums before and after.
inline constexpr float kSketchSlack = 2.0F / 512 + 1.0F / 4096;

// Bounds for cosines: cosine(a, b) <= <sketch(a), sketch(b)> + kSketchSlack.
struct Sketches {
  at::Tensor values;         // bfloat16 [rows, w], in the order asked for
  std::vector<bool> usable;  // false: a row without a direction (zeros, NaN, infinity); its sketch is zeros
};

// Widths that a sketch of rows of d values may have within so many bytes, narrowest first; the first is always there.
std::vector<int64_t> sketch_widths(int64_t rows, int64_t dim, int64_t bytes);

// Of rows[order[0]], rows[order[1]], ...; read in the order of the file.
Sketches make_sketches(const at::Tensor& rows, const std::vector<int32_t>& order, double threshold, int64_t bytes,
                       const std::function<void()>& check);

}  // namespace wordmask::kernels

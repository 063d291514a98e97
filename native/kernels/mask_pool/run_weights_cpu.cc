// Bound: the run lengths are read once; a run adds to the cells it crosses, by prefix sums of what each cell takes, so
// that the cost is in runs and cells and not in pixels. No mask is unpacked.
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "kernels/mask_pool/axis.h"

namespace wordmask::kernels {

namespace {
using mask_pool::Axis;

// Along the axis that runs follow: upto(cell, p) is what the cell takes of the pixels 0 .. p - 1.
class Prefix {
 public:
  Prefix(const Axis& axis, int64_t pixels) : axis_(axis), first_(pixels), last_(pixels) {
    const auto cells = static_cast<int64_t>(axis.begin.size());
    std::ranges::fill(first_, cells);
    for (int64_t i = 0; i < cells; ++i) {
      double sum = 0;
      offset_.push_back(static_cast<int64_t>(sums_.size()));
      sums_.push_back(0);
      for (int64_t p = axis.begin[i]; p < axis.end[i]; ++p) {
        sums_.push_back(sum += axis.of(i, p));
        first_[p] = std::min(first_[p], i);
        last_[p] = std::max(last_[p], i);
      }
    }
  }
  int64_t first(int64_t pixel) const { return first_[pixel]; }  // cells that take of this pixel
  int64_t last(int64_t pixel) const { return last_[pixel]; }
  double between(int64_t cell, int64_t from, int64_t to) const { return upto(cell, to) - upto(cell, from); }

 private:
  double upto(int64_t cell, int64_t pixel) const {
    return sums_[offset_[cell] + std::clamp(pixel, axis_.begin[cell], axis_.end[cell]) - axis_.begin[cell]];
  }
  const Axis& axis_;
  std::vector<int64_t> offset_, first_, last_;
  std::vector<double> sums_;
};

// The cells across the runs that take of each line.
struct Across {
  const Axis& axis;
  const Prefix& cells;
};

struct Runs {
  const int32_t* counts;
  int64_t begin, end;
};

// Sum of the run lengths of a mask; they are int32, not negative.
int64_t pixels_of(const Runs& runs, int64_t mask) {
  int64_t sum = 0;
  for (int64_t i = runs.begin; i < runs.end; ++i) {
    WM_CHECK(runs.counts[i] >= 0, code::kInvalidArgument, "Expected run lengths >= 0 but received ", runs.counts[i],
             " in mask ", mask);
    sum += runs.counts[i];
  }
  return sum;
}

// cells [lines, along]: line is the cell across the runs. `taken` holds a value a cell along the runs.
void add_mask(const Runs& runs, int64_t length, const Prefix& along, const Across& across, std::vector<double>& taken,
              std::vector<double>& cells) {
  const auto n = static_cast<int64_t>(taken.size());
  int64_t line = -1;
  const auto finish = [&] {  // hands what was taken of a line to the cells across it
    if (line < 0) return;
    for (int64_t a = across.cells.first(line); a <= across.cells.last(line) && a < std::ssize(across.axis.begin); ++a) {
      if (line < across.axis.begin[a] || line >= across.axis.end[a]) continue;
      const double weight = across.axis.of(a, line);
      for (int64_t i = 0; i < n; ++i) cells[a * n + i] += weight * taken[i];
    }
    std::ranges::fill(taken, 0.0);
  };
  int64_t at = 0;
  for (int64_t i = runs.begin; i < runs.end; at += runs.counts[i], ++i) {
    if ((i - runs.begin) % 2 == 0) continue;
    for (int64_t from = at, end = at + runs.counts[i]; from < end;) {
      const int64_t here = from / length, stop = std::min(end, (here + 1) * length);
      if (here != line) finish(), line = here;
      const int64_t begin = from - here * length, until = stop - here * length;
      for (int64_t cell = along.first(begin); cell <= along.last(until - 1); ++cell)
        taken[cell] += along.between(cell, begin, until);
      from = stop;
    }
  }
  finish();
}

at::Tensor run_weights_cpu(const at::Tensor& given_counts, const at::Tensor& given_offsets, int64_t height,
                           int64_t width, bool columns, int64_t h, int64_t w, double extent_h, double extent_w,
                           bool bilinear) {
  const auto counts = given_counts.contiguous(), offsets = given_offsets.contiguous();
  const auto* offset = offsets.const_data_ptr<int64_t>();
  const int64_t n = offsets.size(0) - 1;
  const auto runs = [&](int64_t k) { return Runs{counts.const_data_ptr<int32_t>(), offset[k], offset[k + 1]}; };
  WM_CHECK(offset[0] == 0 && offset[n] == counts.size(0), code::kInvalidArgument, "Expected offsets from 0 to ",
           counts.size(0), " run lengths but received ", offset[0], " to ", offset[n]);
  for (int64_t k = 0; k < n; ++k) {
    WM_CHECK(offset[k] <= offset[k + 1], code::kInvalidArgument, "Expected ascending offsets but received ", offset[k],
             " before ", offset[k + 1]);
  }
  for (int64_t k = 0; k < n; ++k) {
    const int64_t pixels = pixels_of(runs(k), k);
    WM_CHECK(pixels == height * width, code::kInvalidArgument, "Expected runs of ", height * width, " pixels (", width,
             "x", height, ") but received ", pixels, " in mask ", k);
  }

  const auto rows = mask_pool::axis(height, h, extent_h, bilinear),
             lines = mask_pool::axis(width, w, extent_w, bilinear);
  const Prefix down(rows, height), right(lines, width);
  const auto& along = columns ? down : right;
  const Across across = columns ? Across{lines, right} : Across{rows, down};
  const int64_t length = columns ? height : width, cells_along = columns ? h : w;
  auto result = at::zeros({n, h, w}, at::kFloat);
  auto* out = result.mutable_data_ptr<float>();
  at::parallel_for(0, n, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    std::vector<double> taken(cells_along), cells(h * w);
    for (int64_t k = begin; k < end; ++k) {
      std::ranges::fill(cells, 0.0);
      add_mask(runs(k), length, along, across, taken, cells);
      for (int64_t i = 0; i < h * w; ++i) {
        // Cells lie [across, along]: of column runs that is [w, h].
        out[k * h * w + i] = static_cast<float>(columns ? cells[i % w * h + i / w] : cells[i]);
      }
    }
  });
  return result;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) { m.impl("run_weights", &run_weights_cpu); }

}  // namespace wordmask::kernels

#include "kernels/label_map/rows.h"

#include <algorithm>
#include <numeric>

namespace wordmask::kernels::label {

namespace {
// An interpolation of values up to A is wrong by at most 7 * 2^-24 * A, a product of two by some 15 * 2^-24 * A * B,
// and two classes may err towards each other: with room to spare.
constexpr float kRounding = 0x1p-18f;
constexpr double kNegligible = 31;  // exponents below -30 are left out of the sums

Grids::Grid grid(const at::Tensor& given, int64_t height, int64_t width, double extent_h, double extent_w,
                 std::vector<Tap>& columns) {
  Grids::Grid result;
  result.held = given.contiguous();
  result.data = result.held.const_data_ptr<float>();
  result.row_size = given.size(1) * given.size(2);
  result.rows = taps(height, given.size(0), extent_h);
  columns = taps(width, given.size(1), extent_w);
  result.weights.assign(width + kTogether, 0);
  for (int64_t x = 0; x < width; ++x) result.weights[x] = columns[x].weight;
  return result;
}
}  // namespace

Grids::Grids(const at::Tensor& given, const std::optional<at::Tensor>& given_factor, int64_t height, int64_t width,
             at::ArrayRef<double> extents)
    : product(given_factor.has_value()), classes(given.size(2)) {
  std::vector<Tap> columns, factor_columns(width);
  scores = grid(given, height, width, extents[0], extents[1], columns);
  largest = magnitude(scores.data, scores.held.numel());
  if (product) {
    factor = grid(*given_factor, height, width, extents[2], extents[3], factor_columns);
    largest *= magnitude(factor.data, factor.held.numel());
  } else {
    factor.weights.assign(width + kTogether, 0);
  }
  for (int64_t x = 0; x < width; ++x) {
    const Stretch here{x, 1, columns[x].low, columns[x].high, factor_columns[x].low, factor_columns[x].high};
    auto* last = stretches.empty() ? nullptr : &stretches.back();
    if (last && last->left == here.left && last->factor_left == here.factor_left) {
      ++last->count;
    } else {
      stretches.push_back(here);
    }
  }
}

float Grids::slack(bool softmax, double temperature) const {
  if (!(largest < std::numeric_limits<float>::infinity()) || (softmax && temperature <= 0))
    return std::numeric_limits<float>::infinity();
  return kRounding * largest + (softmax ? static_cast<float>(kNegligible / temperature) : 0.0f);
}

RowOfScores::RowOfScores(const Grids& grids)
    : grids_(grids),
      row_(grids.scores.row_size),
      factor_row_(grids.factor.row_size),
      scratch_(grids.classes),
      buffer_(grids.classes * kTogether),
      all_(grids.classes),
      found_(grids.classes) {
  std::iota(all_.begin(), all_.end(), 0);
}

void RowOfScores::seek(int64_t y) {
  const auto down = [y](const Grids::Grid& grid, std::vector<float>& row) {
    const Tap& tap = grid.rows[y];
    interpolate(grid.data + tap.low * grid.row_size, grid.data + tap.high * grid.row_size, tap.weight, grid.row_size,
                row.data());
  };
  down(grids_.scores, row_);
  if (grids_.product) down(grids_.factor, factor_row_);
}

Ends RowOfScores::ends(const Stretch& stretch) const {
  const auto at = [this](const std::vector<float>& row, int64_t column) {
    return row.data() + column * grids_.classes;
  };
  Ends ends{at(row_, stretch.left), at(row_, stretch.right)};
  if (grids_.product) {
    ends.factor_left = at(factor_row_, stretch.factor_left);
    ends.factor_right = at(factor_row_, stretch.factor_right);
  }
  return ends;
}

}  // namespace wordmask::kernels::label

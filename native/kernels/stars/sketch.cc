#include "kernels/stars/sketch.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace wordmask::kernels {

namespace {
constexpr int64_t kSample = 4096, kPairSample = 1024, kBlock = 4096;
// One pair compared in full costs as much as so many values of sketches for each of its d: it is two reads of memory
// far apart, and float64.
constexpr double kFullCost = 60;
// Added to the square of what is left, so that float32 sums never make it less than it is.
constexpr double kLeftOver = 4e-6;

// Unit rows in float32, zeros for those without a direction.
at::Tensor unit(const at::Tensor& rows) {
  auto values = rows.to(at::kFloat);
  const auto largest = values.abs().amax({1}, true);
  // By the largest value first: squares neither overflow nor vanish.
  values = values / largest;
  values = values / values.square().sum({1}, true).sqrt();
  return at::where(at::isfinite(values).all(1, true) & at::isfinite(largest) & (largest > 0), values, 0.0);
}

at::Tensor orthonormal(const at::Tensor& columns) { return std::get<0>(at::linalg_qr(columns, "reduced")); }

// [d, count]: the directions that hold most of the sample's squares, the most first (subspace iteration).
at::Tensor main_directions(const at::Tensor& sample, int64_t count) {
  const auto x = sample.to(at::kDouble);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  auto basis = orthonormal(at::randn({x.size(1), count}, generator, x.options()));
  for (int i = 0; i < 4; ++i) basis = orthonormal(x.t().mm(x.mm(basis)));
  const auto seen = x.mm(basis);
  const auto turn = std::get<1>(at::linalg_eigh(seen.t().mm(seen))).flip({1});
  return orthonormal(basis.mm(turn)).to(at::kFloat).contiguous();
}

// Unit rows -> [rows, width]: coordinates in the first width - 1 directions and the length of the rest. Without
// directions, the rows themselves.
at::Tensor sketch(const at::Tensor& units, const at::Tensor& directions, int64_t width) {
  if (!directions.defined()) return units;
  const auto kept = units.mm(directions.narrow(1, 0, width - 1));
  const auto left = units.square().sum({1}, true).sub(kept.square().sum({1}, true)).clamp_min(0).add(kLeftOver).sqrt();
  return at::cat({kept, left.mul(units.any(1, true))}, 1);
}

// Share of the pairs of two samples that their sketches leave open.
double open_share(const at::Tensor& a, const at::Tensor& b, double threshold) {
  const auto bounds = a.mm(b.t());
  return bounds.ge(threshold - kSketchSlack).sum().item<double>() / std::max<double>(1, bounds.numel());
}

at::Tensor every(const at::Tensor& rows, const std::vector<int32_t>& order, int64_t count, int64_t phase) {
  std::vector<int64_t> chosen;
  const auto n = static_cast<int64_t>(order.size());
  for (int64_t i = 0; i < std::min(count, n); ++i) chosen.push_back(order[(i * n / std::min(count, n) + phase) % n]);
  std::sort(chosen.begin(), chosen.end());
  return unit(rows.index_select(0, at::tensor(chosen, at::kLong)));
}
}  // namespace

std::vector<int64_t> sketch_widths(int64_t rows, int64_t dim, int64_t bytes) {
  std::vector<int64_t> widths;
  for (const int64_t width : {16, 32, 64, 128, 256})
    if (width < dim && (widths.empty() || 2 * rows * width <= bytes)) widths.push_back(width);
  if (widths.empty() || 2 * rows * dim <= bytes) widths.push_back(dim);
  return widths;
}

Sketches make_sketches(const at::Tensor& rows, const std::vector<int32_t>& order, double threshold, int64_t bytes,
                       const std::function<void()>& check) {
  const auto n = static_cast<int64_t>(order.size()), dim = rows.size(1);
  const auto widths = sketch_widths(n, dim, bytes);
  int64_t width = widths.back();
  at::Tensor directions;
  if (widths.size() > 1 || width < dim) {
    const int64_t most = std::min(widths.back() == dim ? widths[widths.size() - 2] : widths.back(), dim) - 1;
    directions = main_directions(every(rows, order, kSample, 0), most);
    const auto first = every(rows, order, kPairSample, 0), second = every(rows, order, kPairSample, 1);
    double least = std::numeric_limits<double>::infinity();
    for (const int64_t candidate : widths) {
      const auto basis = candidate == dim ? at::Tensor() : directions;
      const double open = open_share(sketch(first, basis, candidate), sketch(second, basis, candidate), threshold);
      const double cost = static_cast<double>(candidate) + open * kFullCost * static_cast<double>(dim);
      if (cost < least) least = cost, width = candidate;
    }
    if (width == dim) directions.reset();
  }

  std::vector<int32_t> place(rows.size(0), -1);
  for (int64_t i = 0; i < n; ++i) place[order[i]] = static_cast<int32_t>(i);
  Sketches result{at::empty({n, width}, at::kBFloat16), std::vector<bool>(n)};
  auto* to = static_cast<at::BFloat16*>(result.values.mutable_data_ptr());
  for (int64_t begin = 0; begin < rows.size(0); begin += kBlock) {
    check();
    const int64_t count = std::min(kBlock, rows.size(0) - begin);
    if (std::all_of(&place[begin], &place[begin] + count, [](int32_t at) { return at < 0; })) continue;
    const auto units = unit(rows.narrow(0, begin, count));
    const auto values = sketch(units, directions, width).to(at::kBFloat16).contiguous();
    const auto usable = units.any(1);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = place[begin + i];
      if (at < 0) continue;
      std::copy_n(values.const_data_ptr<at::BFloat16>() + i * width, width, to + at * width);
      result.usable[at] = usable.const_data_ptr<bool>()[i];
    }
  }
  return result;
}

}  // namespace wordmask::kernels

#include "pipeline/reco_seeds.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/max_affinity/max_affinity.h"

namespace wordmask::pipeline {

namespace {
constexpr double kEqual = 1e-12, kHalfUlp = 0x1p-24;

// Positions whose support may be the largest of their image when that of float32 is off by `error`.
std::vector<int64_t> contenders(const at::Tensor& support, double error) {
  const auto positions = support.size(1);
  const auto* value = support.const_data_ptr<double>();
  std::vector<int64_t> rows;
  for (int64_t image = 0; image < support.size(0); ++image, value += positions) {
    const double least = *std::max_element(value, value + positions) - 2 * error;
    for (int64_t p = 0; p < positions; ++p)
      if (value[p] >= least) rows.push_back(image * positions + p);
  }
  return rows;
}

// The supports of some rows in float64.
std::vector<double> exact_support(const at::Tensor& unit, const at::Tensor& weights, const std::vector<int64_t>& rows,
                                  kernels::AffinityWindow window, const Cancel& cancel) {
  const auto images = unit.size(0), count = static_cast<int64_t>(rows.size());
  const auto index = at::tensor(rows, at::kLong);
  const auto some = unit.flatten(0, 1).index_select(0, index);  // [rows, C]
  auto best = at::empty({count, images}, unit.options());
  for (int64_t n = 0; n < images; ++n) {
    if (cancel) cancel->check();
    best.select(1, n).copy_(at::matmul(some, unit[n].t()).mul_(weights[n]).amax(1));
  }
  std::vector<double> support;
  const auto* from = best.const_data_ptr<double>();
  for (int64_t row = 0; row < count; ++row, from += images) {
    double sum = 0;
    for (int64_t n = 0; n < images; ++n)
      sum += *std::max_element(from + n, from + kernels::last_image(window, n, images) + 1);
    support.push_back(sum / static_cast<double>(images));
  }
  return support;
}
}  // namespace

RecoSeeds reco_seeds(const at::Tensor& unit, const at::Tensor& weights, kernels::AffinityWindow window,
                     const Cancel& cancel) {
  const auto images = unit.size(0), positions = unit.size(1);
  const double heaviest = weights.abs().max().item<double>();
  WM_CHECK(std::isfinite(heaviest), code::kInvalidArgument, "Expected finite weights but received ", heaviest);
  const auto affinity = kernels::max_affinity(unit.to(at::kFloat), weights.to(at::kFloat));
  if (cancel) cancel->check();
  // Rounded features, a sum of C products in any order, a rounded weight.
  const double error = (static_cast<double>(unit.size(2)) + 4) * kHalfUlp * heaviest;
  const auto rows = contenders(kernels::window_support(affinity, window), error);
  const auto support = exact_support(unit, weights, rows, window, cancel);

  RecoSeeds seeds{at::empty({images}, at::kLong), at::empty({images}, at::kDouble)};
  auto* position = seeds.positions.mutable_data_ptr<int64_t>();
  auto* value = seeds.support.mutable_data_ptr<double>();
  for (size_t from = 0, to = 0; from < rows.size(); from = to) {
    const int64_t image = rows[from] / positions;
    while (to < rows.size() && rows[to] / positions == image) ++to;
    const double least = *std::max_element(support.begin() + from, support.begin() + to) - kEqual * heaviest;
    while (support[from] < least) ++from;
    position[image] = rows[from] % positions;
    value[image] = support[from];
  }
  return seeds;
}

}  // namespace wordmask::pipeline

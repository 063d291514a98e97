#include "kernels/label_map/label_map.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "check/cases/case.h"
#include "kernels/label_map/label_map_ref.h"

namespace wordmask::check {
namespace {

using kernels::LabelMapOptions;

// Roundings of two scores of values below 1: another label is right only where they are that close.
constexpr double kRounding = 16 * 0x1p-23, kProbability = 1e-5;

// Scores and a second grid of other cells, or none.
struct Grids {
  at::Tensor scores, factor;
  LabelMapOptions on(LabelMapOptions options, c10::Device device) const {
    if (factor.defined()) options.factor = factor.to(device);
    return options;
  }
};

std::vector<double> interpolated(const at::Tensor& scores, const LabelMapOptions& options) {
  return wordmask_ref::interpolated_scores(doubles(scores), scores.size(0), scores.size(1), scores.size(2), options);
}

std::vector<double> exact_scores(const Grids& grids, LabelMapOptions options) {
  auto result = interpolated(grids.scores, options);
  if (!grids.factor.defined()) return result;
  options.extent_h = options.factor_extent_h, options.extent_w = options.factor_extent_w;
  const auto factor = interpolated(grids.factor, options);
  for (size_t i = 0; i < result.size(); ++i) result[i] *= factor[i];
  return result;
}

double softmax_sum(const double* scores, int64_t classes, double temperature) {
  const double best = *std::max_element(scores, scores + classes);
  double sum = 0;
  for (int64_t t = 0; t < classes; ++t) sum += std::exp(temperature * (scores[t] - best));
  return sum;
}

double off_by(const double* scores, int64_t classes, const LabelMapOptions& options, int32_t label, int32_t exact) {
  if (label == exact) return 0;
  if (label >= classes || label < -1) return INFINITY;
  const double best = *std::max_element(scores, scores + classes);
  if (label >= 0 && exact >= 0) return (best - scores[label]) / kRounding;
  return std::abs(1 / softmax_sum(scores, classes, options.temperature) - options.threshold) / kProbability;
}

Verdict labels_of(const Grids& grids, bool in_strides, const LabelMapOptions& options, c10::Device device) {
  const int64_t classes = grids.scores.size(2);
  const auto scores = exact_scores(grids, options);
  const auto exact = wordmask_ref::label_map(scores, classes, options.temperature, options.threshold);
  const auto given = (in_strides ? strided(grids.scores) : grids.scores).to(device);
  const auto labels = kernels::label_map(given, grids.on(options, device)).cpu();
  Verdict worst = labels.numel() == static_cast<int64_t>(exact.size()) ? 0 : INFINITY;
  for (int64_t i = 0; i < labels.numel() && worst < INFINITY; ++i) {
    worst = std::max(
        worst, off_by(scores.data() + i * classes, classes, options, labels.const_data_ptr<int32_t>()[i], exact[i]));
  }
  return worst;
}

// The k best of every pixel: as good as the exact ones at each place, no class twice, and the sums.
Verdict scores_of(const Grids& grids, int64_t k, const LabelMapOptions& options, c10::Device device) {
  const int64_t classes = grids.scores.size(2);
  const auto scores = exact_scores(grids, options);
  const auto answer = kernels::label_scores(grids.scores.to(device), k, grids.on(options, device));
  const auto labels = answer.labels.cpu();
  const auto values = doubles(answer.values), sums = doubles(answer.sums);
  Verdict worst = 0;
  const auto note = [&](double error) { worst = error <= worst ? worst : error; };  // NaN is the worst
  for (size_t pixel = 0; pixel < sums.size(); ++pixel) {
    const double* own = scores.data() + pixel * classes;
    std::vector<double> order(own, own + classes);
    std::ranges::sort(order, std::greater<>());
    std::vector<bool> seen(classes);
    for (int64_t i = 0; i < k; ++i) {
      const int32_t label = labels.const_data_ptr<int32_t>()[pixel * k + i];
      if (label < 0 || label >= classes || seen[label]) return INFINITY;
      seen[label] = true;
      const double value = values[pixel * k + i];
      note(std::max(std::abs(value - own[label]), std::abs(value - order[i])) / kRounding);
    }
    const double sum = softmax_sum(own, classes, options.temperature);
    note(std::abs(sums[pixel] - sum) / (sum * 1e-4));
  }
  return worst;
}

// A class of NaN wins nowhere: as if it were the lowest.
Verdict with_nan(const LabelMapOptions& options, c10::Device device) {
  const auto scores = uniform({4, 5, 40}, 77), nan = scores.clone();
  scores.select(2, 3).fill_(-9), nan.select(2, 3).fill_(NAN);
  const auto expected = kernels::label_map(scores.to(device), options);
  return kernels::label_map(nan.to(device), options).eq(expected).all().item<bool>() ? 0 : 2;
}

// 2.6e9 pixels of two cells: the upper half is class 1, the lower class 0.
Verdict many_pixels(c10::Device device) {
  const auto scores = at::tensor({0.f, 1.f, 1.f, 0.f}).reshape({2, 1, 2}).to(device);
  LabelMapOptions options;
  options.height = 65536, options.width = 40000;
  const auto labels = kernels::label_map(scores, options);
  const int64_t half = options.height / 2;
  return labels.slice(0, 0, half).eq(1).all().item<bool>() && labels.slice(0, half).eq(0).all().item<bool>() ? 0 : 2;
}

struct Shape {
  int64_t h, w, classes, height, width;
  double extent_h = 0, extent_w = 0, temperature = 1, threshold = 0;
};

std::vector<Case> cases() {
  const Shape shapes[] = {{1, 1, 1, 3, 5},
                          {3, 5, 7, 24, 40},
                          {7, 4, 16, 33, 61},
                          {6, 9, 97, 48, 65},
                          {12, 12, 300, 5, 4},
                          {2, 2, 3, 0, 5},
                          {5, 6, 20, 37, 45, 4.3, 5.7},
                          {5, 6, 20, 37, 45, 0, 0, 4, 0.2},
                          {5, 6, 200, 37, 45, 0, 0, 60, 0.3}};
  std::vector<Case> table;
  uint64_t seed = 100;
  for (const auto& s : shapes) {
    LabelMapOptions options{s.height, s.width, s.extent_h, s.extent_w, s.temperature, s.threshold};
    const Grids one{uniform({s.h, s.w, s.classes}, seed), {}};
    const Grids two{one.scores, uniform({s.w, s.h + 1, s.classes}, seed + 50)};
    const int64_t k = std::min<int64_t>(s.classes, 5);
    const auto name = named("%ldx%ld classes=%ld to %ldx%ld threshold=%g seed=%lu", s.h, s.w, s.classes, s.height,
                            s.width, s.threshold, seed++);
    for (const bool in_strides : {false, true})
      table.push_back({name + (in_strides ? " strided" : ""),
                       [=](c10::Device device) { return labels_of(one, in_strides, options, device); }});
    table.push_back({name + " product", [=](c10::Device device) { return labels_of(two, false, options, device); }});
    for (const auto& grids : {one, two})
      table.push_back({name + named(" k=%ld", k) + (grids.factor.defined() ? " product" : ""),
                       [=](c10::Device device) { return scores_of(grids, k, options, device); }});
  }
  const auto equal = at::full({2, 3, 33}, 0.5, at::kFloat);
  const LabelMapOptions options{5, 7};
  table.push_back({"a class of NaN", [=](c10::Device device) { return with_nan(options, device); }});
  table.push_back({"33 equal classes", [=](c10::Device device) {
                     return kernels::label_map(equal.to(device), options).eq(0).all().item<bool>() ? 0. : 2.;
                   }});
  table.push_back({"65536x40000 pixels", many_pixels, true});
  return table;
}

const CaseTable kTable{"label_map", cases};

}  // namespace
}  // namespace wordmask::check

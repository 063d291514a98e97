#include "kernels/dense_crf/dense_crf_ref.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace wordmask_ref {

namespace {
using Values = std::vector<double>;
using Point = std::vector<int>;

std::vector<Values> features_of(const CrfProblem& problem, const wordmask::kernels::CrfGaussian& gaussian) {
  std::vector<Values> features;
  for (int64_t p = 0; p < problem.height * problem.width; ++p) {
    features.push_back({static_cast<double>(p % problem.width) / gaussian.sigma_xy,
                        static_cast<double>(p / problem.width) / gaussian.sigma_xy});
    for (int c = 0; c < 3 && gaussian.sigma_rgb > 0; ++c)
      features.back().push_back(problem.rgb[p * 3 + c] / gaussian.sigma_rgb);
  }
  return features;
}

Values exact(const std::vector<Values>& features, const Values& in) {
  Values out(in.size(), 0);
  for (size_t i = 0; i < in.size(); ++i) {
    for (size_t j = 0; j < in.size(); ++j) {
      double square = 0;
      for (size_t f = 0; f < features[i].size(); ++f) square += std::pow(features[i][f] - features[j][f], 2);
      out[i] += std::exp(-square / 2) * in[j];
    }
  }
  return out;
}

struct Corner {
  Point point;
  double weight;
};

// The corners of the simplex around a feature vector: its place on the plane of sum 0, the nearest point whose
// coordinates are multiples of d + 1, and from there on along the coordinates that lie furthest beyond it.
std::vector<Corner> simplex_of(const Values& feature) {
  const int d = static_cast<int>(feature.size()), step = d + 1;
  Values at(step, 0);
  for (int i = 0; i < d; ++i) {
    // Basis vector i is (1, .., 1, -(i + 1), 0, ..) with i + 1 ones; sqrt(2 / 3) (d + 1) is a unit of a feature.
    const double scaled = feature[i] * std::sqrt(2.0 / 3) * step / std::sqrt((i + 1.0) * (i + 2.0));
    for (int j = 0; j <= i; ++j) at[j] += scaled;
    at[i + 1] -= (i + 1) * scaled;
  }
  Point base(step);
  int excess = 0;
  for (int i = 0; i < step; ++i) {
    base[i] = static_cast<int>(std::lround(at[i] / step)) * step;
    excess += base[i] / step;
  }
  std::vector<int> order(step);  // of the coordinates, furthest beyond the point first
  std::iota(order.begin(), order.end(), 0);
  const auto beyond = [&](int i) { return at[i] - base[i]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return beyond(a) > beyond(b); });
  for (; excess > 0; --excess) {  // too large: those that lie furthest below their multiple go one down
    base[order.back()] -= step;
    std::rotate(order.rbegin(), order.rbegin() + 1, order.rend());
  }
  for (; excess < 0; ++excess) {
    base[order.front()] += step;
    std::rotate(order.begin(), order.begin() + 1, order.end());
  }
  // Corner k is reached by k steps of (1, .., 1) with the k first coordinates of the order... drawn back by d + 1.
  std::vector<Corner> corners;
  for (int k = 0; k < step; ++k) {
    Corner corner{base, 0};
    for (int i = 0; i < step; ++i) corner.point[order[i]] += i < step - k ? k : k - step;
    const double upper = k == 0 ? beyond(order[step - 1]) + step : beyond(order[step - 1 - k]);
    const double lower = k == 0 ? beyond(order[0]) : beyond(order[step - k]);
    corner.weight = (upper - lower) / step;
    corners.push_back(corner);
  }
  return corners;
}

Values on_lattice(const std::vector<Values>& features, const Values& in) {
  const int step = static_cast<int>(features[0].size()) + 1;
  std::map<Point, double> values;
  std::vector<std::vector<Corner>> simplices;
  for (size_t p = 0; p < in.size(); ++p) {
    simplices.push_back(simplex_of(features[p]));
    for (const Corner& corner : simplices.back()) values[corner.point] += corner.weight * in[p];
  }
  for (int axis = 0; axis < step; ++axis) {
    std::map<Point, double> blurred;
    for (const auto& [point, value] : values) {
      double sum = value;
      for (const int way : {-1, 1}) {
        Point next = point;
        for (int i = 0; i < step; ++i) next[i] += i == axis ? -way * (step - 1) : way;
        if (const auto found = values.find(next); found != values.end()) sum += found->second / 2;
      }
      blurred[point] = sum;
    }
    values.swap(blurred);
  }
  Values out(in.size(), 0);
  for (size_t p = 0; p < in.size(); ++p)
    for (const Corner& corner : simplices[p])
      out[p] += corner.weight * values[corner.point] / (1 + std::exp2(1 - step));
  return out;
}

void softmax(Values& logits, int64_t labels) {
  for (auto row = logits.begin(); row != logits.end(); row += labels) {
    const double most = *std::max_element(row, row + labels);
    for (auto at = row; at != row + labels; ++at) *at = std::exp(*at - most);
    const double sum = std::accumulate(row, row + labels, 0.0);
    for (auto at = row; at != row + labels; ++at) *at /= sum;
  }
}

Values mean_field(const CrfProblem& problem, Values (*filter)(const std::vector<Values>&, const Values&)) {
  const int64_t pixels = problem.height * problem.width, labels = problem.labels;
  Values unary(problem.probabilities.size());
  std::ranges::transform(problem.probabilities, unary.begin(),
                         [](double p) { return std::log(std::clamp(p, 1e-5, 1.0)); });
  Values q = unary;
  softmax(q, labels);
  for (int64_t i = 0; i < problem.options.iterations; ++i) {
    Values logits = unary;
    for (const auto& gaussian : {problem.options.smoothness, problem.options.appearance}) {
      const auto features = features_of(problem, gaussian);
      const Values ones = filter(features, Values(pixels, 1));
      for (int64_t label = 0; label < labels; ++label) {
        Values in(pixels);
        for (int64_t p = 0; p < pixels; ++p) in[p] = q[p * labels + label] / std::sqrt(ones[p] + 1e-20);
        const Values out = filter(features, in);
        for (int64_t p = 0; p < pixels; ++p)
          logits[p * labels + label] += gaussian.weight * out[p] / std::sqrt(ones[p] + 1e-20);
      }
    }
    softmax(logits, labels);
    q = logits;
  }
  return q;
}
}  // namespace

Values exact_dense_crf(const CrfProblem& problem) { return mean_field(problem, exact); }

Values lattice_dense_crf(const CrfProblem& problem) { return mean_field(problem, on_lattice); }

}  // namespace wordmask_ref

#include "kernels/dense_crf/lattice.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>
#include <tuple>

#include "kernels/dense_crf/point_table.h"
#include "kernels/dense_crf/simplex.h"

namespace wordmask::kernels::crf {

namespace {
constexpr int64_t kGrain = 4096, kAhead = 24;  // kAhead: table slots asked for before they are needed

// Names and weights of the corners of all pixels; fill(first, n, features) gives the features of n of them.
template <int D, class Fill>
std::vector<uint64_t> place_pixels(const Simplex<D>& simplex, Lattice& lattice, const Fill& fill) {
  std::vector<uint64_t> names(lattice.pixels * lattice.corners);
  lattice.weight.resize(names.size());
  at::parallel_for(0, lattice.pixels, kGrain, [&](int64_t begin, int64_t end) {
    Features<D> features{};
    for (int64_t first = begin; first < end; first += kTogether) {
      const auto n = static_cast<int>(std::min<int64_t>(kTogether, end - first));
      fill(first, n, features);
      simplex.place(features, n, names.data() + first * lattice.corners,
                    lattice.weight.data() + first * lattice.corners);
    }
  });
  return names;
}

void number_points(PointTable& table, const std::vector<uint64_t>& names, Lattice& lattice) {
  const auto size = static_cast<int64_t>(names.size());
  lattice.point.resize(size);
  for (int64_t i = 0; i < size; ++i) {
    if (i + kAhead < size) table.prefetch(names[i + kAhead]);
    lattice.point[i] = table.insert(names[i]);
  }
  lattice.points = static_cast<int64_t>(table.keys().size());
}

template <int D>
void find_neighbours(const PointTable& table, const Simplex<D>& simplex, Lattice& lattice) {
  const auto points = lattice.points;
  const auto& keys = table.keys();
  lattice.neighbours.assign(lattice.corners * points * 2, static_cast<int32_t>(points));
  for (int j = 0; j < lattice.corners; ++j) {
    auto* pairs = lattice.neighbours.data() + j * points * 2;
    const uint64_t step = simplex.step(j);
    at::parallel_for(0, points, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i + kAhead < end) table.prefetch(keys[i + kAhead] + step);
        const auto next = table.find(keys[i] + step);
        if (next < 0) continue;
        pairs[2 * i] = next;
        pairs[2 * static_cast<int64_t>(next) + 1] = static_cast<int32_t>(i);  // nobody else's place
      }
    });
  }
}

// The same weights by point: each point's pixels in order, so that sums over them do not depend on the threads.
void sort_by_point(Lattice& lattice) {
  lattice.begin.assign(lattice.points + 1, 0);
  for (const auto point : lattice.point) ++lattice.begin[point + 1];
  for (int64_t i = 0; i < lattice.points; ++i) lattice.begin[i + 1] += lattice.begin[i];
  std::vector<int32_t> end(lattice.begin.begin(), lattice.begin.end() - 1);
  lattice.pixel.resize(lattice.point.size());
  lattice.given.resize(lattice.point.size());
  for (size_t i = 0; i < lattice.point.size(); ++i) {
    const auto to = end[lattice.point[i]]++;
    lattice.pixel[to] = static_cast<int32_t>(i / lattice.corners);
    lattice.given[to] = lattice.weight[i];
  }
}

// K 1: the filter of rows.h on one value a pixel.
std::vector<float> filtered_ones(const Lattice& lattice) {
  const auto points = lattice.points;
  std::vector<float> values(points + 1, 0), blurred(points + 1, 0), result(lattice.pixels);
  for (int64_t i = 0; i < points; ++i)
    for (auto k = lattice.begin[i]; k < lattice.begin[i + 1]; ++k) values[i] += lattice.given[k];
  for (int j = 0; j < lattice.corners; ++j) {
    const auto* pairs = lattice.neighbours.data() + j * points * 2;
    at::parallel_for(0, points, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        blurred[i] = values[i] + 0.5f * (values[pairs[2 * i]] + values[pairs[2 * i + 1]]);
    });
    values.swap(blurred);
  }
  for (int64_t p = 0; p < lattice.pixels; ++p)
    for (int64_t k = p * lattice.corners; k < (p + 1) * lattice.corners; ++k)
      result[p] += lattice.weight[k] * values[lattice.point[k]];
  return result;
}

void normalise(Lattice& lattice) {
  const auto gain = static_cast<float>(1 / (1 + std::exp2(1 - lattice.corners)));
  const auto ones = filtered_ones(lattice);
  std::vector<float> norm(lattice.pixels);
  for (int64_t p = 0; p < lattice.pixels; ++p) {
    norm[p] = 1 / std::sqrt(ones[p] * gain + 1e-20f);
    for (int64_t k = p * lattice.corners; k < (p + 1) * lattice.corners; ++k) lattice.weight[k] *= norm[p] * gain;
  }
  for (size_t k = 0; k < lattice.given.size(); ++k) lattice.given[k] *= norm[lattice.pixel[k]];
}

template <int D, class Fill>
std::shared_ptr<const Lattice> build(int64_t pixels, const std::array<double, D>& high, const Fill& fill) {
  auto lattice = std::make_shared<Lattice>();
  lattice->corners = D + 1;
  lattice->pixels = pixels;
  const Simplex<D> simplex(high);
  PointTable table(pixels);
  number_points(table, place_pixels<D>(simplex, *lattice, fill), *lattice);
  find_neighbours(table, simplex, *lattice);
  sort_by_point(*lattice);
  normalise(*lattice);
  return lattice;
}

std::shared_ptr<const Lattice> positions(int64_t height, int64_t width, double sigma) {
  const auto inverse = static_cast<float>(1 / sigma);
  const auto w = static_cast<double>(width - 1) / sigma, h = static_cast<double>(height - 1) / sigma;
  return build<2>(height * width, {w, h}, [=](int64_t first, int n, Features<2>& features) {
    for (int b = 0; b < n; ++b) {
      features[0][b] = static_cast<float>((first + b) % width) * inverse;
      features[1][b] = static_cast<float>((first + b) / width) * inverse;
    }
  });
}

std::shared_ptr<const Lattice> kept_positions(int64_t height, int64_t width, double sigma) {
  using Key = std::tuple<int64_t, int64_t, double>;
  static std::mutex mutex;
  static std::deque<std::pair<Key, std::shared_ptr<const Lattice>>> kept;
  constexpr size_t kKept = 2;
  constexpr int64_t kLargest = 1 << 20;
  const Key key(height, width, sigma);
  const std::lock_guard lock(mutex);
  for (const auto& [known, lattice] : kept)
    if (known == key) return lattice;
  auto lattice = positions(height, width, sigma);
  if (lattice->pixels > kLargest) return lattice;
  kept.emplace_front(key, lattice);
  if (kept.size() > kKept) kept.pop_back();
  return lattice;
}
}  // namespace

std::shared_ptr<const Lattice> lattice_of(const at::Tensor& image, const CrfGaussian& gaussian) {
  const auto height = image.size(0), width = image.size(1);
  if (gaussian.sigma_rgb == 0) return kept_positions(height, width, gaussian.sigma_xy);
  const auto* rgb = image.const_data_ptr<uint8_t>();
  const auto near = static_cast<float>(1 / gaussian.sigma_xy), alike = static_cast<float>(1 / gaussian.sigma_rgb);
  const double w = static_cast<double>(width - 1) / gaussian.sigma_xy,
               h = static_cast<double>(height - 1) / gaussian.sigma_xy, colour = 255 / gaussian.sigma_rgb;
  return build<5>(height * width, {w, h, colour, colour, colour}, [=](int64_t first, int n, Features<5>& features) {
    for (int b = 0; b < n; ++b) {
      features[0][b] = static_cast<float>((first + b) % width) * near;
      features[1][b] = static_cast<float>((first + b) / width) * near;
      for (int c = 0; c < 3; ++c) features[2 + c][b] = static_cast<float>(rgb[(first + b) * 3 + c]) * alike;
    }
  });
}

}  // namespace wordmask::kernels::crf

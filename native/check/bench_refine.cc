#include <ATen/ATen.h>

#include "check/bench.h"
#include "kernels/dense_crf/dense_crf.h"
#include "kernels/dense_crf/lattice.h"
#include "kernels/pamr/pamr.h"

namespace wordmask::check {
namespace {

// Tiles of one colour each with a little noise: about as many lattice points as a photograph has. Whole numbers, so
// that test/bench/peers/data.py paints the same.
at::Tensor tiles(int64_t height, int64_t width) {
  constexpr int64_t kTile = 24;
  const auto rows = at::arange(height).floor_divide(kTile), columns = at::arange(width).floor_divide(kTile);
  const auto colours = picture(height / kTile + 1, width / kTile + 1, 1).to(at::kInt);
  const auto noise = picture(height, width, 2).to(at::kInt).floor_divide(32);
  const auto flat = colours.index({rows.unsqueeze(1), columns.unsqueeze(0)});
  return (flat.mul(7).floor_divide(8) + noise).to(at::kByte).contiguous();
}

struct Inputs {
  int64_t height, width, classes;
  at::Tensor image, probabilities;
  explicit Inputs(const Parameters& parameters)
      : height(parameters.integer("height")),
        width(parameters.integer("width")),
        classes(parameters.integer("classes")),
        image(tiles(height, width)),
        probabilities(uniform({height, width, classes}, 3) + 0.5) {}
};

at::Tensor sparse(const std::vector<int32_t>& rows, const std::vector<int32_t>& columns,
                  const std::vector<float>& values, int64_t height, int64_t width) {
  const auto ints = [](const std::vector<int32_t>& list) { return at::tensor(list, at::kInt); };
  return at::sparse_csr_tensor(ints(rows), ints(columns), at::tensor(values, at::kFloat), {height, width}, at::kFloat);
}

// N K N of a lattice as a list of sparse matrices, to be multiplied from the first on.
std::vector<at::Tensor> matrices(const kernels::crf::Lattice& lattice) {
  std::vector<at::Tensor> list{sparse(lattice.begin, lattice.pixel, lattice.given, lattice.points, lattice.pixels)};
  for (int axis = 0; axis < lattice.corners; ++axis) {
    const auto* pairs = lattice.neighbours.data() + axis * lattice.points * 2;
    std::vector<int32_t> begin{0}, columns;
    std::vector<float> values;
    for (int32_t i = 0; i < lattice.points; ++i) {
      for (const int32_t column : {i, pairs[2 * i], pairs[2 * i + 1]}) {
        if (column == lattice.points) continue;
        columns.push_back(column);
        values.push_back(column == i ? 1.0f : 0.5f);
      }
      begin.push_back(static_cast<int32_t>(columns.size()));
    }
    list.push_back(sparse(begin, columns, values, lattice.points, lattice.points));
  }
  std::vector<int32_t> begin;
  for (int64_t p = 0; p <= lattice.pixels; ++p) begin.push_back(static_cast<int32_t>(p * lattice.corners));
  list.push_back(sparse(begin, lattice.point, lattice.weight, lattice.pixels, lattice.points));
  return list;
}

Prepared prepare_crf(const Parameters& parameters, bool plain) {
  const Inputs in(parameters);
  const kernels::DenseCrfOptions options;
  Prepared prepared;
  prepared.ours = [in, options] {
    auto volume = in.probabilities.clone();
    kernels::dense_crf(volume, in.image, options, nullptr, nullptr);
    return volume;
  };
  if (plain)
    prepared.plain = [in, options] {  // the same lattices as LibTorch's sparse matrices
      const auto unary = in.probabilities.clamp(1e-5, 1).log().reshape({-1, in.classes});
      auto q = unary.softmax(1);
      std::vector<std::pair<double, std::vector<at::Tensor>>> filters;
      for (const auto& gaussian : {options.smoothness, options.appearance})
        filters.emplace_back(gaussian.weight, matrices(*kernels::crf::lattice_of(in.image, gaussian)));
      for (int64_t i = 0; i < options.iterations; ++i) {
        auto logits = unary;
        for (const auto& [weight, list] : filters) {
          auto message = q;
          for (const auto& matrix : list) message = matrix.matmul(message);
          logits = logits + message * weight;
        }
        q = logits.softmax(1);
      }
      return q.reshape({in.height, in.width, in.classes});
    };
  prepared.bytes = static_cast<double>(in.probabilities.nbytes()) * 2;
  prepared.flops = static_cast<double>(in.probabilities.numel() * options.iterations * 2 * (3 + 6) * 2);
  return prepared;
}

Prepared prepare_pamr(const Parameters& parameters, bool plain) {
  const Inputs in(parameters);
  const kernels::PamrOptions options;
  Prepared prepared;
  prepared.ours = [in, options] {
    auto volume = in.probabilities.clone();
    kernels::pamr(volume, in.image, options, nullptr, nullptr);
    return volume;
  };
  // What people write: planes padded by their edge, a shifted view of them a neighbour.
  const auto neighbours = [options](const at::Tensor& planes, auto&& visit) {
    const auto height = planes.size(1), width = planes.size(2);
    int64_t n = 0;
    for (const int64_t d : options.dilations) {
      const auto padded = at::replication_pad2d(planes.unsqueeze(0), {d, d, d, d}).squeeze(0);
      for (int64_t place = 0; place < 9; ++place)
        if (place != 4) visit(n++, padded.narrow(1, place / 3 * d, height).narrow(2, place % 3 * d, width));
    }
  };
  if (plain)
    prepared.plain = [in, options, neighbours] {
      const auto colours = in.image.permute({2, 0, 1}).to(at::kFloat).div(255);
      std::vector<at::Tensor> samples;
      neighbours(colours, [&](int64_t, const at::Tensor& shifted) { samples.push_back(shifted); });
      const auto others = at::stack(samples);
      samples.insert(samples.end(), options.dilations.size(), colours);
      const auto weights =
          ((others - colours).abs() / (at::stack(samples).std(0) * 0.1 + 1e-8)).mean(1).neg().softmax(0);
      auto planes = in.probabilities.permute({2, 0, 1}).contiguous();
      for (int64_t i = 0; i < options.iterations; ++i) {
        auto sum = at::zeros_like(planes);
        neighbours(planes, [&](int64_t n, const at::Tensor& shifted) { sum.addcmul_(shifted, weights[n]); });
        planes = sum;
      }
      return planes.permute({1, 2, 0}).contiguous();
    };
  prepared.bytes = static_cast<double>(in.probabilities.nbytes()) * 2;
  prepared.flops = static_cast<double>(in.probabilities.numel() * options.iterations * 48 * 2);
  return prepared;
}

const std::map<std::string, std::string> kDefaults{{"classes", "21"}, {"height", "375"}, {"width", "500"}};
const BenchOp kDenseCrf{"dense_crf", kDefaults, {{}, {{"classes", "171"}}}, prepare_crf};
const BenchOp kPamr{"pamr", kDefaults, {{}, {{"classes", "171"}}}, prepare_pamr};

}  // namespace
}  // namespace wordmask::check

#include "kernels/topk_similarity/topk_similarity.h"

#include <ATen/ops/ones.h>

#include <algorithm>
#include <cmath>

#include "check/cases/case.h"
#include "kernels/topk_similarity/topk_similarity_ref.h"

namespace wordmask::check {
namespace {

using kernels::TopkOptions;

struct Shape {
  int64_t queries, rows, width, k;
  at::ScalarType query = at::kFloat, database = at::kFloat;
  double threshold = -INFINITY;
  bool allow = false, in_strides = false, with_nan = false;
};

double length(const double* row, int64_t width) {
  double sum = 0;
  for (int64_t i = 0; i < width; ++i) sum += row[i] * row[i];
  return std::sqrt(sum);
}

// Every row once, best first, of equal scores the lower row first, each score that of its row and as good as the
// reference's at this place.
Verdict against_reference(const Shape& s, uint64_t seed, c10::Device device) {
  const auto query = uniform({s.queries, s.width}, seed).to(s.query);
  auto database = uniform({s.rows, s.width}, seed + 1).to(s.database);
  if (s.with_nan) database.slice(0, 1, s.rows, 7).fill_(NAN);
  auto bits = at::ones({(s.rows + 7) / 8}, at::kByte);
  bits.fill_(0b01100101);
  TopkOptions options{s.k, s.threshold, s.allow ? std::optional<at::Tensor>(bits.to(device)) : std::nullopt};
  const auto [scores, indices] =
      kernels::topk_similarity(query.to(device), (s.in_strides ? strided(database) : database).to(device), options);

  std::vector<bool> allowed(s.rows, true);
  for (int64_t row = 0; s.allow && row < s.rows; ++row) allowed[row] = 0b01100101 >> row % 8 & 1;
  const auto q = doubles(query), d = doubles(database), found = doubles(scores);
  const auto exact = wordmask_ref::topk_similarity(q, d, s.width, s.k, s.threshold, allowed);
  const auto rows = indices.cpu();
  if (found.size() != exact.scores.size()) return INFINITY;
  const int64_t each = std::min(s.k, s.rows);
  Verdict worst = 0;
  for (int64_t i = 0; i < rows.numel(); ++i) {
    const int64_t row = rows.const_data_ptr<int64_t>()[i], from = i / each;
    if ((row < 0) != (exact.indices[i] < 0) || row >= s.rows) return INFINITY;
    if (row < 0) {
      if (found[i] != -INFINITY) return INFINITY;
      continue;
    }
    if (i % each > 0) {
      const int64_t before = rows.const_data_ptr<int64_t>()[i - 1];
      if (found[i] > found[i - 1] || (found[i] == found[i - 1] && row <= before)) return INFINITY;
    }
    if (!allowed[row]) return INFINITY;
    const double rounding = static_cast<double>(s.width + 4) * 0x1p-23 * length(&q[from * s.width], s.width) *
                            length(&d[row * s.width], s.width);
    const double error =
        std::max(std::abs(found[i] - exact.products[from * s.rows + row]), std::abs(found[i] - exact.scores[i]));
    const double share = error / std::max(rounding, 1e-30);
    worst = share <= worst ? worst : share;  // NaN is the worst
  }
  return worst;
}

// Small whole numbers: products are exact in every dtype and order, and most of them tie.
Verdict ties(int64_t queries, at::ScalarType dtype, c10::Device device) {
  const int64_t rows = 300, width = 5, k = 40;
  const auto whole = [&](int64_t n, uint64_t seed) { return uniform({n, width}, seed).mul(2).round(); };
  const auto query = whole(queries, 41), database = whole(rows, 42);
  const auto [scores, indices] =
      kernels::topk_similarity(query.to(dtype).to(device), database.to(dtype).to(device), {k});
  const auto exact = wordmask_ref::topk_similarity(doubles(query), doubles(database), width, k, -INFINITY,
                                                   std::vector<bool>(rows, true));
  const auto found = indices.cpu();
  return std::equal(exact.indices.begin(), exact.indices.end(), found.const_data_ptr<int64_t>()) ? 0 : 2;
}

std::vector<Case> cases() {
  const Shape shapes[] = {{1, 1, 1, 1},
                          {1, 0, 4, 3},
                          {0, 5, 4, 3},
                          {2, 5, 4, 0},
                          {3, 10, 4, 25},
                          {8, 300, 33, 10},
                          {9, 300, 33, 10},
                          {65, 130, 40, 130},
                          {3, 200, 32, 20, at::kFloat, at::kHalf},
                          {70, 150, 35, 7, at::kBFloat16, at::kBFloat16},
                          {10, 129, 48, 7, at::kHalf, at::kHalf},
                          {10, 129, 48, 7, at::kHalf, at::kBFloat16},
                          {12, 100, 16, 60, at::kFloat, at::kFloat, 0.5, true},
                          {2, 100, 16, 60, at::kFloat, at::kFloat, 0.5, true, true},
                          {12, 100, 16, 100, at::kFloat, at::kFloat, -INFINITY, false, true, true},
                          {2, 100, 16, 100, at::kFloat, at::kHalf, -INFINITY, true, false, true}};
  std::vector<Case> table;
  uint64_t seed = 300;
  for (const auto& s : shapes) {
    const auto name = named("queries=%ld (%s) rows=%ld (%s) width=%ld k=%ld threshold=%g%s%s%s seed=%lu", s.queries,
                            c10::toString(s.query), s.rows, c10::toString(s.database), s.width, s.k, s.threshold,
                            s.allow ? " allow" : "", s.in_strides ? " strided" : "", s.with_nan ? " NaN" : "", seed);
    table.push_back({name, [=](c10::Device device) { return against_reference(s, seed, device); }});
    seed += 2;
  }
  for (const auto dtype : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const int64_t queries : {3, 20})
      table.push_back({named("ties queries=%ld %s", queries, c10::toString(dtype)),
                       [=](c10::Device device) { return ties(queries, dtype, device); }});
  }
  return table;
}

const CaseTable kTable{"topk_similarity", cases};

}  // namespace
}  // namespace wordmask::check

#include "pipeline/vector_search.h"

#include <ATen/Parallel.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace wordmask::pipeline {
namespace {

using kernels::Topk;
constexpr float kLowest = -std::numeric_limits<float>::infinity();

// Of a file of any size a piece takes tens of milliseconds, so that a cancelled search ends soon; but it holds many
// times k rows, so that putting the answers together costs little beside finding them.
int64_t piece_rows(const MappedVectors& vectors, int64_t queries, int64_t k) {
  constexpr int64_t kBytes = 64 << 20, kProducts = int64_t{1} << 32, kLeast = 4096, kTimesBest = 8;
  const int64_t by_bytes = kBytes / vectors.row_bytes();
  const int64_t by_products = kProducts / vectors.layout().dim / std::max<int64_t>(queries, 1);
  const int64_t rows = std::max(std::min(by_bytes, by_products), std::max(kLeast, kTimesBest * k));
  return (rows + 7) / 8 * 8;  // whole bytes of the bitmap
}

// The best k so far of each query, sorted, with what it must beat.
class Best {
 public:
  Best(int64_t queries, int64_t k)
      : best_{at::full({queries, k}, kLowest, at::kFloat), at::full({queries, k}, -1, at::kLong)},
        k_(k),
        held_(queries, 0) {}

  const Topk& answer() const { return best_; }

  // Of rows behind all earlier ones, numbered from `first`: of equal scores those held already come first.
  void add(const Topk& found, int64_t first) {
    const int64_t width = found.scores.size(1);
    const auto* scores = found.scores.const_data_ptr<float>();
    const auto* indices = found.indices.const_data_ptr<int64_t>();
    const auto queries = static_cast<int64_t>(held_.size()), grain = 1 + (1 << 14) / k_;
    at::parallel_for(0, queries, grain, [&](int64_t begin, int64_t end) {
      for (int64_t q = begin; q < end; ++q) merge(q, scores + q * width, indices + q * width, width, first);
    });
  }

  // No query takes a row that scores less. Those that have not got k rows yet take any.
  double floor() const {
    const auto* scores = best_.scores.const_data_ptr<float>();
    double least = std::numeric_limits<double>::infinity();
    for (size_t q = 0; q < held_.size(); ++q)
      least = std::min<double>(least, held_[q] < k_ ? kLowest : scores[(q + 1) * k_ - 1]);
    return least;
  }

 private:
  void merge(int64_t q, const float* scores, const int64_t* indices, int64_t width, int64_t first) {
    float* best = best_.scores.mutable_data_ptr<float>() + q * k_;
    int64_t* rows = best_.indices.mutable_data_ptr<int64_t>() + q * k_;
    while (width > 0 && indices[width - 1] < 0) --width;
    const int64_t held = held_[q];
    // How many of each stay: walk both from the best on.
    int64_t old = 0, taken = 0;
    const int64_t total = std::min(k_, held + width);
    while (old + taken < total) {
      if (taken == width || (old < held && best[old] >= scores[taken]))
        ++old;
      else
        ++taken;
    }
    held_[q] = total;
    // Backwards in place: what is held moves to places behind its own.
    for (int64_t to = total - 1; taken > 0; --to) {
      const bool from_old = old > 0 && !(best[old - 1] >= scores[taken - 1]);
      if (from_old) {
        --old;
        best[to] = best[old], rows[to] = rows[old];
      } else {
        --taken;
        best[to] = scores[taken], rows[to] = indices[taken] + first;
      }
    }
  }

  Topk best_;
  int64_t k_;
  std::vector<int64_t> held_;
};

Topk in_pieces(const MappedVectors& vectors, const at::Tensor& query, const kernels::TopkOptions& options,
               int64_t piece, const Cancel& cancel, const Progress& progress) {
  const int64_t rows = vectors.layout().rows, k = std::min(options.k, rows);
  Best best(query.size(0), k);
  for (int64_t first = 0; first < rows; first += piece) {
    if (cancel) cancel->check();
    vectors.check();  // before many pieces are searched for nothing
    const int64_t count = std::min(piece, rows - first);
    vectors.fetch(first + count, piece);
    kernels::TopkOptions part{k, std::max(options.threshold, best.floor()), {}};
    if (options.allow) part.allow = options.allow->narrow(0, first / 8, (count + 7) / 8);
    best.add(kernels::topk_similarity(query, vectors.rows().narrow(0, first, count), part), first);
    if (progress) progress(static_cast<double>(first + count), static_cast<double>(rows));
  }
  return best.answer();
}

}  // namespace

Found vector_search(const MappedVectors& vectors, const at::Tensor& query, const kernels::TopkOptions& options,
                    const Cancel& cancel, const Progress& progress) {
  const int64_t queries = query.dim() == 2 ? query.size(0) : 0, k = std::min(options.k, vectors.layout().rows);
  return vector_search(vectors, query, options, piece_rows(vectors, queries, k), cancel, progress);
}

Found vector_search(const MappedVectors& vectors, const at::Tensor& query, const kernels::TopkOptions& options,
                    int64_t piece, const Cancel& cancel, const Progress& progress) {
  const int64_t rows = vectors.layout().rows;
  WM_CHECK(!options.allow || options.allow->size(0) == (rows + 7) / 8, code::kInvalidArgument,
           "Expected an allow bitmap of ", (rows + 7) / 8, " bytes for ", rows, " rows but received ",
           options.allow->size(0));
  const bool whole = rows <= piece || query.dim() != 2 || query.size(0) == 0 || options.k <= 0;
  vectors.fetch(0, piece);
  const auto found = whole ? kernels::topk_similarity(query, vectors.rows(), options)
                           : in_pieces(vectors, query, options, piece, cancel, progress);
  vectors.check();
  if (whole && progress) progress(static_cast<double>(rows), static_cast<double>(rows));
  return {found.scores, found.indices.to(at::kDouble)};
}

at::Tensor take_rows(const MappedVectors& vectors, const at::Tensor& indices) {
  const auto* numbers = indices.const_data_ptr<double>();
  const auto rows = static_cast<double>(vectors.layout().rows);
  for (int64_t i = 0; i < indices.size(0); ++i)
    WM_CHECK(numbers[i] >= 0 && numbers[i] < rows && numbers[i] == std::floor(numbers[i]), code::kInvalidArgument,
             "Expected whole numbers between 0 and ", rows - 1, " for indices[", i, "] but received ", numbers[i]);
  const auto taken = vectors.rows().index_select(0, indices.to(at::kLong)).to(at::kFloat);
  vectors.check();
  return taken;
}

}  // namespace wordmask::pipeline

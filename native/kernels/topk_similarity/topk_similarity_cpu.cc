// Bound: n d values read once for up to 128 queries (1 query: as fast as memory is read), 2 q n d FLOPs (many queries).
// No [q, n] matrix: the scores of a few rows stay in the first cache and are compared, a vector at a time, with what
// each query's k-th best needs at least; hardly any goes on to the heap of candidates.
// What limits one query is memory alone: two busy Zen 4 cores, 1M x 512, CPU time of a thread: 55 ms in float32, 33 and
// 32 in float16 and bfloat16, where nothing but reading the same bytes takes 56 and 31. (Four rows side by side, each
// with prefetches, took 96, 65 and 63: their reads are not one stream.) Two Sapphire Rapids cores: 85 ms in float32, 40
// and 41 in float16 and bfloat16; 54 and 68 where they are not told what comes (tile_body.h).
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <torch/library.h>

#include <atomic>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/topk_similarity/queries.h"
#include "kernels/topk_similarity/running_topk.h"
#include "kernels/topk_similarity/threshold.h"

namespace wordmask::kernels {

namespace {
constexpr float kLowest = -std::numeric_limits<float>::infinity();
constexpr int64_t kChunkBytes = 1 << 20, kDotRows = 64;

// One thread's pass; its chunks come in rising order.
class Scanner {
 public:
  Scanner(const TileKernels& tile, const Database& database, const Queries& queries, int64_t k, float threshold)
      : tile_(tile),
        database_(database),
        queries_(queries),
        reader_(tile, database.type, database.width, queries.pairs),
        multiply_(queries.pairs ? tile.multiply_pairs : tile.multiply),
        best_(queries.count, RunningTopk(k, threshold)),
        lanes_((queries.count + tile.columns - 1) / tile.columns * tile.columns),
        floors_(lanes_, std::numeric_limits<float>::infinity()),
        block_(tile, reader_.units()),
        scores_(queries.few ? kDotRows : tile.rows * lanes_) {
    std::fill_n(floors_.begin(), queries.count, threshold);
  }

  void scan(int64_t begin, int64_t end) {
    const int64_t group = queries_.few ? kDotRows : tile_.rows;
    int64_t chosen[kDotRows], count = 0;
    for (int64_t row = begin; row < end; ++row) {
      if (database_.allow && !(database_.allow[row / 8] >> (row % 8) & 1)) continue;
      chosen[count++] = row;
      if (count == group) score(chosen, std::exchange(count, 0));
    }
    if (count > 0) score(chosen, count);
  }

  const RunningTopk& best(int64_t query) const { return best_[query]; }

 private:
  void score(const int64_t* rows, int64_t count) { queries_.few ? with_rows(rows, count) : with_panels(rows, count); }

  void with_rows(const int64_t* rows, int64_t count) {
    const void* from[kDotRows];
    for (int64_t r = 0; r < count; ++r) from[r] = database_.row(rows[r]);
    const auto dots = database_.type == at::kFloat  ? tile_.dots
                      : database_.type == at::kHalf ? tile_.dots_half
                                                    : tile_.dots_bfloat16;
    const auto width = padded_width(database_.width);
    for (int64_t q = 0; q < queries_.count; ++q) {
      dots(from, count, queries_.padded.data() + q * width, database_.width, scores_.data());
      for (int64_t r = 0; r < count; ++r)
        if (scores_[r] >= floors_[q]) offer(q, scores_[r], rows[r]);
    }
  }

  void with_panels(const int64_t* rows, int64_t count) {
    for (int64_t r = 0; r < count; ++r) reader_.read(database_.row(rows[r]), block_.row(r));
    for (int64_t q = 0; q < lanes_; q += tile_.columns)
      multiply_(block_.data(), block_.stride(), queries_.panels.from(q), reader_.units(), scores_.data() + q, lanes_);
    for (int64_t r = 0; r < count; ++r) {
      const auto* scores = scores_.data() + r * lanes_;
      if (!tile_.any_reaches(scores, floors_.data(), lanes_)) continue;
      for (int64_t q = 0; q < queries_.count; ++q)
        if (scores[q] >= floors_[q]) offer(q, scores[q], rows[r]);
    }
  }

  void offer(int64_t query, float score, int64_t row) {
    best_[query].offer(score, row);
    floors_[query] = best_[query].floor();
  }

  const TileKernels& tile_;
  const Database& database_;
  const Queries& queries_;
  const RowReader reader_;
  const TileKernels::Multiply multiply_;
  std::vector<RunningTopk> best_;
  const int64_t lanes_;
  std::vector<float> floors_;  // infinite where there is no query
  RowBlock block_;
  std::vector<float> scores_;
};

void scan_all(const TileKernels& tile, const Database& database, const Queries& queries, int64_t k, float threshold,
              float* scores, int64_t* indices) {
  const int64_t chunk = std::max<int64_t>(kChunkBytes / std::max<int64_t>(database.stride, 1), kDotRows);
  const int64_t chunks = (database.rows + chunk - 1) / chunk,
                threads = std::min<int64_t>(at::get_num_threads(), chunks);
  std::vector<std::optional<Scanner>> scanners(threads);
  std::atomic<int64_t> next{0};
  at::parallel_for(0, threads, /*grain_size=*/1, [&](int64_t first, int64_t) {
    auto& scanner = scanners[first].emplace(tile, database, queries, k, threshold);
    for (int64_t i = next++; i < chunks; i = next++) scanner.scan(i * chunk, std::min(database.rows, (i + 1) * chunk));
  });
  at::parallel_for(0, queries.count, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    std::vector<Candidate> found;
    for (int64_t q = begin; q < end; ++q) {
      found.clear();
      for (const auto& scanner : scanners)
        if (scanner) found.insert(found.end(), scanner->best(q).held().begin(), scanner->best(q).held().end());
      const auto count = std::min<int64_t>(k, static_cast<int64_t>(found.size()));
      std::nth_element(found.begin(), found.begin() + count, found.end(), better);
      std::sort(found.begin(), found.begin() + count, better);
      for (int64_t i = 0; i < count; ++i) scores[q * k + i] = found[i].score, indices[q * k + i] = found[i].index;
    }
  });
}

at::Tensor rows_together(const at::Tensor& tensor) {
  return tensor.size(1) > 1 && tensor.stride(1) != 1 ? tensor.contiguous() : tensor;
}

std::tuple<at::Tensor, at::Tensor> topk_similarity_cpu(const at::Tensor& given_query, const at::Tensor& given,
                                                       int64_t wanted, double threshold,
                                                       const std::optional<at::Tensor>& given_allow) {
  const auto query = rows_together(given_query), stored = rows_together(given);
  const auto allow = given_allow ? given_allow->contiguous() : at::Tensor();
  const auto n = stored.size(0), k = std::min(wanted, n);
  auto scores = at::full({query.size(0), k}, kLowest, query.options().dtype(at::kFloat));
  auto indices = at::full({query.size(0), k}, -1, query.options().dtype(at::kLong));
  if (scores.numel() == 0) return {scores, indices};
  const Database database{static_cast<const char*>(stored.const_data_ptr()),
                          n,
                          stored.size(1),
                          stored.stride(0) * static_cast<int64_t>(stored.element_size()),
                          stored.scalar_type(),
                          given_allow ? allow.const_data_ptr<uint8_t>() : nullptr};
  const auto& tile = tile_kernels();
  const auto pass = queries_a_pass(tile, query.size(0), query.size(1));
  for (int64_t first = 0; first < query.size(0); first += pass) {
    const auto part = query.narrow(0, first, std::min(pass, query.size(0) - first));
    scan_all(tile, database, prepare(tile, part, database), k, at_least(threshold),
             scores.mutable_data_ptr<float>() + first * k, indices.mutable_data_ptr<int64_t>() + first * k);
  }
  return {scores, indices};
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) { m.impl("topk_similarity", &topk_similarity_cpu); }

}  // namespace wordmask::kernels

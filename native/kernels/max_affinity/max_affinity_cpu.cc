// Bound: (k P)^2 C FLOPs, half of the full product: each pair of positions is multiplied once, and while its products
// lie in the first cache they give maxima along the rows and down the columns. Reading and writing is no bound: a strip
// of columns stays in the second cache while all rows above it pass (k P / strip reads of the features), and the [k P,
// k P] matrix, whose writing and reading takes most of the time of `mm` + `amax`, is never built.
#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <torch/library.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <vector>

#include "kernels/tile/panels.h"

namespace wordmask::kernels {

namespace {
constexpr float kLowest = -std::numeric_limits<float>::infinity();
constexpr int64_t kPanelBytes = 512 << 10, kAllPanelBytes = 24 << 20, kLongestStrip = 512;  // columns
constexpr int64_t kUnitRows = 2048, kUnitsOfStrip = 32;

// One archive: rows are its k * P positions, image after image.
struct Archive {
  const char* features;
  const float* weights;
  float* best;  // [rows, images]
};

struct Shape {
  int64_t images, positions;
  int64_t image_stride, position_stride;  // bytes
  int64_t strip;                          // columns
  bool pairs;                             // multiplied as bfloat16
  RowReader reader;
  int64_t rows() const { return images * positions; }
};

// The products of rows [begin, end) with one strip of columns.
struct Unit {
  int64_t archive, strip, begin, end;
};

void raise(float& target, float value) {
  const std::atomic_ref<float> best(target);
  value += 0.0f;  // one zero: which of -0 and 0 comes first would depend on the threads
  float current = best.load(std::memory_order_relaxed);
  while (value > current && !best.compare_exchange_weak(current, value, std::memory_order_relaxed)) {
  }
}

class Worker {
 public:
  Worker(const TileKernels& tile, const Shape& shape, const std::vector<Archive>& archives)
      : tile_(tile),
        shape_(shape),
        archives_(archives),
        multiply_(shape.pairs ? tile.multiply_pairs : tile.multiply),
        panels_(tile, shape.reader.units(), shape.strip),
        rows_(tile, shape.reader.units()),
        scores_(tile.rows * shape.strip),
        column_best_(shape.strip, kLowest) {}

  void run(const Unit& unit) {
    const auto& archive = archives_[unit.archive];
    first_ = unit.strip * shape_.strip;
    count_ = std::min(shape_.strip, shape_.rows() - first_);
    if (packed_ != std::pair(unit.archive, unit.strip)) pack(archive);
    packed_ = {unit.archive, unit.strip};
    int64_t image = unit.begin / shape_.positions, image_end = (image + 1) * shape_.positions;
    for (int64_t row = unit.begin; row < unit.end; row += tile_.rows) {
      const int64_t rows = std::min(tile_.rows, unit.end - row);
      read(archive, row, rows);
      for (int64_t c = 0; c < count_; c += tile_.columns)
        multiply_(rows_.data(), rows_.stride(), panels_.from(c), shape_.reader.units(), scores_.data() + c,
                  shape_.strip);
      for (int64_t r = 0; r < rows; ++r) {
        const auto* scores = scores_.data() + r * shape_.strip;
        along_row(archive, row + r, scores);
        if (row + r >= first_) continue;  // the strip's own rows: their pairs come in both orders already
        if (row + r == image_end) {
          flush(archive, image++);
          image_end += shape_.positions;
        }
        tile_.column_maxima(scores, archive.weights[row + r], count_, column_best_.data());
      }
    }
    if (unit.begin < first_) flush(archive, image);
  }

 private:
  // Rows [row, row + count) of the archive; rows of the block beyond them keep what they held and are never looked at.
  void read(const Archive& archive, int64_t row, int64_t count) {
    int64_t image = row / shape_.positions, position = row % shape_.positions;
    for (int64_t r = 0; r < count; ++r) {
      shape_.reader.read(archive.features + image * shape_.image_stride + position * shape_.position_stride,
                         rows_.row(r));
      if (++position == shape_.positions) position = 0, ++image;
    }
  }

  void pack(const Archive& archive) {
    for (int64_t c = 0; c < count_; c += tile_.rows) {
      const int64_t rows = std::min(tile_.rows, count_ - c);
      read(archive, first_ + c, rows);
      panels_.set(c, rows_, rows);
    }
  }

  void along_row(const Archive& archive, int64_t row, const float* scores) const {
    float* best = archive.best + row * shape_.images + first_ / shape_.positions;
    int64_t end = (first_ / shape_.positions + 1) * shape_.positions;
    for (int64_t column = first_; column < first_ + count_; column = end, end += shape_.positions, ++best) {
      const int64_t size = std::min(end, first_ + count_) - column;
      raise(*best, tile_.row_maximum(scores + (column - first_), archive.weights + column, size));
    }
  }

  void flush(const Archive& archive, int64_t image) {
    for (int64_t c = 0; c < count_; ++c) raise(archive.best[(first_ + c) * shape_.images + image], column_best_[c]);
    std::fill(column_best_.begin(), column_best_.end(), kLowest);
  }

  const TileKernels& tile_;
  const Shape& shape_;
  const std::vector<Archive>& archives_;
  const TileKernels::Multiply multiply_;
  Panels panels_;
  RowBlock rows_;
  std::vector<float> scores_, column_best_;
  std::pair<int64_t, int64_t> packed_{-1, -1};
  int64_t first_ = 0, count_ = 0;  // columns of the strip in panels_
};

// Every strip against its own rows and those above it, in pieces of about equal work.
std::vector<Unit> divide(const Shape& shape, int64_t archives) {
  const int64_t rows = shape.rows(), piece = std::max(kUnitRows, (rows + kUnitsOfStrip - 1) / kUnitsOfStrip);
  std::vector<Unit> units;
  for (int64_t archive = 0; archive < archives; ++archive) {
    for (int64_t strip = (rows + shape.strip - 1) / shape.strip - 1; strip >= 0; --strip) {
      const int64_t end = std::min(rows, (strip + 1) * shape.strip);
      for (int64_t begin = 0; begin < end; begin += piece)
        units.push_back({archive, strip, begin, std::min(end, begin + piece)});
    }
  }
  return units;
}

int64_t strip_columns(const TileKernels& tile, int64_t units, int64_t rows) {
  const int64_t bytes = std::min(kPanelBytes, kAllPanelBytes / at::get_num_threads());
  const int64_t columns =
      std::min(bytes / (4 * std::max<int64_t>(units, 1)), std::min(kLongestStrip, rows + tile.columns));
  return std::max<int64_t>(columns / tile.columns, 1) * tile.columns;
}

at::Tensor max_affinity_cpu(const at::Tensor& given, const std::optional<at::Tensor>& given_weights) {
  const auto features = given.size(-1) > 1 && given.stride(-1) != 1 ? given.contiguous() : given;
  const bool batched = features.dim() == 4;
  const auto batch = batched ? features.size(0) : 1;
  auto shape_of_result = features.sizes().vec();
  shape_of_result.back() = features.size(-3);
  auto best = at::full(shape_of_result, kLowest, features.options().dtype(at::kFloat));
  if (best.numel() == 0) return best;
  const auto weights = given_weights ? given_weights->contiguous()
                                     : at::ones(features.sizes().slice(0, features.dim() - 1), best.options());

  const auto& tile = tile_kernels();
  const int64_t bytes = features.element_size();
  const bool pairs = features.scalar_type() == at::kBFloat16 && tile.multiply_pairs;
  const RowReader reader(tile, features.scalar_type(), features.size(-1), pairs);
  Shape shape{
      features.size(-3), features.size(-2), features.stride(-3) * bytes, features.stride(-2) * bytes, 0, pairs, reader};
  shape.strip = strip_columns(tile, reader.units(), shape.rows());
  std::vector<Archive> archives;
  for (int64_t b = 0; b < batch; ++b)
    archives.push_back(
        {static_cast<const char*>(features.const_data_ptr()) + (batched ? b * features.stride(0) * bytes : 0),
         weights.const_data_ptr<float>() + b * shape.rows(),
         best.mutable_data_ptr<float>() + b * shape.rows() * shape.images});

  const auto units = divide(shape, batch);
  std::atomic<size_t> next{0};
  const auto threads = std::min<int64_t>(at::get_num_threads(), static_cast<int64_t>(units.size()));
  at::parallel_for(0, threads, /*grain_size=*/1, [&](int64_t, int64_t) {
    Worker worker(tile, shape, archives);
    for (size_t i = next++; i < units.size(); i = next++) worker.run(units[i]);
  });
  return best;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) { m.impl("max_affinity", &max_affinity_cpu); }

}  // namespace wordmask::kernels

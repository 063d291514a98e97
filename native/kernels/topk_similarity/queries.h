#pragma once
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <vector>

#include "kernels/tile/panels.h"

namespace wordmask::kernels {

inline constexpr int64_t kFewQueries = 12;  // up to here products with whole rows are faster than panels of 32 queries
inline constexpr int64_t kMostQueries = 128, kPanelBytes = 512 << 10, kDotLanes = 64;

struct Database {
  const char* data;
  int64_t rows, width, stride;  // stride: bytes
  at::ScalarType type;
  const uint8_t* allow;  // or null
  const char* row(int64_t i) const { return data + i * stride; }
};

// Up to kMostQueries queries that pass over the database together, as panels or, if few, each on its own.
struct Queries {
  int64_t count;
  bool few, pairs;
  RowReader reader;
  Panels panels;
  std::vector<float> padded;  // few: [count, width padded with zeros to kDotLanes]
};

inline int64_t padded_width(int64_t width) { return (width + kDotLanes - 1) / kDotLanes * kDotLanes; }

inline Queries prepare(const TileKernels& tile, const at::Tensor& query, const Database& database) {
  const auto count = query.size(0), width = query.size(1);
  const bool few = count <= kFewQueries;
  const bool pairs =
      !few && tile.multiply_pairs && query.scalar_type() == at::kBFloat16 && database.type == at::kBFloat16;
  const RowReader reader(tile, query.scalar_type(), width, pairs);
  Queries queries{count, few, pairs, reader, Panels(tile, reader.units(), few ? 0 : count), {}};
  const auto row = [&](int64_t i) {
    return static_cast<const char*>(query.const_data_ptr()) + i * query.stride(0) * query.element_size();
  };
  if (few) {
    queries.padded.resize(count * padded_width(width));
    for (int64_t i = 0; i < count; ++i) reader.read(row(i), queries.padded.data() + i * padded_width(width));
    return queries;
  }
  RowBlock block(tile, reader.units());
  for (int64_t i = 0; i < count; ++i) {
    reader.read(row(i), block.row(0));
    queries.panels.set(i, block, 1);
  }
  return queries;
}

// How many queries pass together: as many as fit, in passes of about equal size.
inline int64_t queries_a_pass(const TileKernels& tile, int64_t count, int64_t width) {
  const int64_t fit = std::clamp(kPanelBytes / (4 * std::max<int64_t>(width, 1)), tile.columns, kMostQueries);
  const int64_t passes = (count + fit - 1) / fit, even = (count + passes - 1) / passes;
  return (even + tile.columns - 1) / tile.columns * tile.columns;
}

}  // namespace wordmask::kernels

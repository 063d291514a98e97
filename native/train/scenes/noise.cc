#include "train/scenes/noise.h"

#include <algorithm>

namespace wordmask::train {
namespace {

int smooth(int t) { return t * t * (768 - 2 * t) >> 16; }  // 3t^2 - 2t^3 for t of 0 .. 256

struct Axis {
  std::vector<int> cell, weight;
  Axis(int size, int pixels, int phase) : cell(size), weight(size) {
    for (int i = 0; i < size; ++i) {
      const int position = (i * 256 + phase) / pixels;
      cell[i] = position >> 8;
      weight[i] = smooth(position & 255);
    }
  }
};

}  // namespace

void add_noise(Field& field, Rng& rng, int cell_x, int cell_y, int amplitude) {
  cell_x = std::max(cell_x, 1);
  cell_y = std::max(cell_y, 1);
  const int size = field.size;
  const int phase_x = rng.below(256 * cell_x), phase_y = rng.below(256 * cell_y);
  const uint64_t key = rng.next();
  if (field.values.empty()) return;
  const Axis across(size, cell_x, phase_x), down(size, cell_y, phase_y);
  const int corners = across.cell[size - 1] + 2;
  std::vector<int> upper(corners), lower(corners), mixed(corners);
  const auto fill = [&](std::vector<int>& row, int y) {
    for (int x = 0; x < corners; ++x)
      row[x] = static_cast<int>(hash2(key, x, y) >> 16) * (2 * amplitude + 1) / 65536 - amplitude;
  };
  int current = -1;
  for (int y = 0; y < size; ++y) {
    if (down.cell[y] != current) {
      current = down.cell[y];
      fill(upper, current);
      fill(lower, current + 1);
    }
    const int wy = down.weight[y];
    for (int x = 0; x < corners; ++x) mixed[x] = upper[x] * (256 - wy) + lower[x] * wy;  // Q8
    int16_t* out = field.row(y);
    for (int x = 0; x < size; ++x) {
      const int a = mixed[across.cell[x]], b = mixed[across.cell[x] + 1];
      out[x] += (a + ((b - a) * across.weight[x] >> 8)) >> 8;
    }
  }
}

void add_noise(Field& field, Rng& rng, Span cell_x, Span cell_y, int scale, int amplitude) {
  const int x = rng.between(cell_x.low, cell_x.high);
  const int y = rng.between(cell_y.low, cell_y.high);
  add_noise(field, rng, x * scale >> 8, y * scale >> 8, amplitude);
}

void add_grain(Field& field, Rng& rng, int amplitude) {
  Rng stream = rng.fork();
  const int range = 2 * amplitude + 1;
  for (size_t i = 0; i < field.values.size(); i += 4) {
    uint64_t bits = stream.next();
    const size_t end = std::min(i + 4, field.values.size());
    for (size_t k = i; k < end; ++k, bits >>= 16)
      field.values[k] += static_cast<int>((bits & 0xffff) * range >> 16) - amplitude;
  }
}

}  // namespace wordmask::train

// Bound: the bytes of the picture are read once.
#include "pipeline/thumbnail.h"

#include <algorithm>

namespace wordmask::pipeline {

namespace {

// A pixel is `side` units wide and high, a cell as many units as the picture has pixels.
struct Cell {
  int64_t first, last;                 // pixels under it
  uint64_t at_first, within, at_last;  // units of the first, of those between, and of the last; one pixel is the first
};

std::vector<Cell> cells(int64_t pixels, int64_t side) {
  std::vector<Cell> result;
  for (int64_t i = 0; i < side; ++i) {
    const int64_t begin = i * pixels, end = begin + pixels;
    const int64_t first = begin / side, last = (end - 1) / side;
    const int64_t at_first = std::min(end, (first + 1) * side) - begin;
    result.push_back({first, last, uint64_t(at_first), uint64_t(side), last > first ? uint64_t(end - last * side) : 0});
  }
  return result;
}

uint64_t luma(const uint8_t* pixel, uint64_t units) {
  return units * (uint64_t{19595} * pixel[0] + uint64_t{38470} * pixel[1] + uint64_t{7471} * pixel[2]);
}

// Of the pixels from .. to - 1 of a row; their channels are summed first.
uint64_t luma(const uint8_t* row, int64_t from, int64_t to, uint64_t units) {
  uint32_t red = 0, green = 0, blue = 0;  // of a row: at most 2^24 pixels
  for (const uint8_t* pixel = row + 3 * from; pixel < row + 3 * to; pixel += 3) {
    red += pixel[0];
    green += pixel[1];
    blue += pixel[2];
  }
  return units * (uint64_t{19595} * red + uint64_t{38470} * green + uint64_t{7471} * blue);
}

}  // namespace

std::vector<uint8_t> grey_thumbnail(const ImageU8& image, int side) {
  const std::vector<Cell> columns = cells(image.width, side), rows = cells(image.height, side);
  std::vector<uint64_t> line(side);  // of one row of pixels, by column of cells
  std::vector<uint8_t> result(size_t{1} * side * side);
  const uint64_t area = uint64_t(image.width) * image.height << 16;
  int64_t made = -1;
  for (int y = 0; y < side; ++y) {
    const Cell& row = rows[y];
    std::vector<uint64_t> sums(side, 0);
    for (int64_t at = row.first; at <= row.last; ++at) {
      const uint8_t* pixels = image.data.data() + 3 * at * image.width;
      for (int x = 0; x < side && at != made; ++x) {
        const auto& [first, last, at_first, within, at_last] = columns[x];
        line[x] = luma(pixels + 3 * first, at_first) + luma(pixels, first + 1, last, within) +
                  luma(pixels + 3 * last, at_last);
      }
      made = at;
      const uint64_t units = at == row.first ? row.at_first : at == row.last ? row.at_last : row.within;
      for (int x = 0; x < side; ++x) sums[x] += units * line[x];
    }
    for (int x = 0; x < side; ++x) result[y * side + x] = static_cast<uint8_t>((sums[x] + area / 2) / area);
  }
  return result;
}

}  // namespace wordmask::pipeline

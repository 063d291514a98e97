#include "kernels/stars/bands.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace wordmask::kernels {

std::vector<BandBits> bands_of(int64_t most, int64_t rows) {
  constexpr int kBits = 64;
  const auto bands = static_cast<int>(most) + 1;
  const int enough = std::bit_width(static_cast<uint64_t>(rows / 4));
  std::vector<BandBits> result;
  double compared = 0;
  for (int band = 0; band < bands; ++band) {
    const int first = kBits * band / bands, count = kBits * (band + 1) / bands - first;
    result.push_back({first, std::min(count, enough)});
    compared += std::exp2(-result.back().count);
  }
  if (compared > 0.5) return {{0, 0}};
  return result;
}

HashBand::HashBand(const BandBits& bits, const std::vector<uint64_t>& hashes)
    : first_(bits.first),
      mask_((uint64_t{1} << bits.count) - 1),
      cells_(size_t{1} << bits.count),
      hashes_(hashes.size()),
      places_(hashes.size()) {
  for (const uint64_t hash : hashes) ++cells_[key(hash)].end;
  uint32_t at = 0;
  for (Cell& cell : cells_) {
    const uint32_t count = cell.end;
    cell.begin = cell.end = at;
    at += count;
  }
  for (size_t place = 0; place < hashes.size(); ++place) {
    const uint32_t to = cells_[key(hashes[place])].end++;
    hashes_[to] = hashes[place];
    places_[to] = static_cast<int32_t>(place);
  }
}

HashBand::Run HashBand::behind(uint64_t hash, int32_t place) {
  Cell& cell = cells_[key(hash)];
  while (cell.begin < cell.end && places_[cell.begin] <= place) ++cell.begin;
  return {hashes_.data() + cell.begin, places_.data() + cell.begin, cell.end - cell.begin};
}

}  // namespace wordmask::kernels

#pragma once
#include <cstdint>
#include <vector>

namespace wordmask::kernels {

// Bits [first, first + count) of a hash.
struct BandBits {
  int first, count;
};

// Bands of which two hashes that differ in at most `most` bits share one; a single one without bits where that would
// spare little. Bits beyond those that leave some four of `rows` rows
// together are left out.
std::vector<BandBits> bands_of(int64_t most, int64_t rows);

// Hashes by what they have in a band, in order of their places. Those passed or taken go when they are in the way.
class HashBand {
 public:
  // hashes[place]; at most 2^31 - 1 of them
  HashBand(const BandBits& bits, const std::vector<uint64_t>& hashes);

  struct Run {
    const uint64_t* hashes;
    const int32_t* places;
    int64_t count;
  };
  // Those that share the band with `hash`, behind `place`; places are asked for in rising order.
  Run behind(uint64_t hash, int32_t place);

  // One hash has been taken; tidy() then drops those for which gone(place), once they are half of their run.
  void taken(uint64_t hash) { ++cells_[key(hash)].taken; }
  template <class Gone>
  void tidy(uint64_t hash, Gone gone) {
    Cell& cell = cells_[key(hash)];
    if (2 * cell.taken < cell.end - cell.begin) return;
    uint32_t to = cell.begin;
    for (uint32_t from = cell.begin; from < cell.end; ++from) {
      if (gone(places_[from])) continue;
      hashes_[to] = hashes_[from], places_[to] = places_[from];
      ++to;
    }
    cell.end = to;
    cell.taken = 0;
  }

 private:
  struct Cell {
    uint32_t begin = 0, end = 0, taken = 0;
  };
  uint64_t key(uint64_t hash) const { return hash >> first_ & mask_; }

  int first_;
  uint64_t mask_;
  std::vector<Cell> cells_;
  std::vector<uint64_t> hashes_;
  std::vector<int32_t> places_;
};

}  // namespace wordmask::kernels

#pragma once
#include <bit>
#include <cstdint>
#include <vector>

namespace wordmask::kernels::crf {

// Lattice points by their keys, numbered as they come: open addressing, at most half full.
class PointTable {
 public:
  explicit PointTable(int64_t expected)
      : slots_(std::bit_ceil(static_cast<uint64_t>(expected) * 2 + 16)), shift_(64 - std::countr_zero(slots_.size())) {}

  int32_t insert(uint64_t key) {
    for (size_t at = home(key);; at = next(at)) {
      Slot& slot = slots_[at];
      if (slot.point < 0) {
        if (keys_.size() * 2 < slots_.size()) {
          slot = {key, static_cast<int32_t>(keys_.size())};
          keys_.push_back(key);
          return slot.point;
        }
        grow();
        return insert(key);
      }
      if (slot.key == key) return slot.point;
    }
  }

  int32_t find(uint64_t key) const {  // -1: there is none
    for (size_t at = home(key);; at = next(at)) {
      if (slots_[at].point < 0 || slots_[at].key == key) return slots_[at].point;
    }
  }

  void prefetch(uint64_t key) const { __builtin_prefetch(&slots_[home(key)]); }
  const std::vector<uint64_t>& keys() const { return keys_; }  // by number

 private:
  struct Slot {
    uint64_t key = 0;
    int32_t point = -1;
  };

  size_t home(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift_; }
  size_t next(size_t at) const { return (at + 1) & (slots_.size() - 1); }

  void grow() {
    slots_.assign(slots_.size() * 2, {});
    --shift_;
    for (size_t point = 0; point < keys_.size(); ++point) {
      size_t at = home(keys_[point]);
      while (slots_[at].point >= 0) at = next(at);
      slots_[at] = {keys_[point], static_cast<int32_t>(point)};
    }
  }

  std::vector<Slot> slots_;
  int shift_;
  std::vector<uint64_t> keys_;
};

}  // namespace wordmask::kernels::crf

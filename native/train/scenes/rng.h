#pragma once
#include <cstdint>

namespace wordmask::train {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits in which every input bit reaches every
// output bit.
inline uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// 32 random bits of a lattice point.
inline uint32_t hash2(uint64_t key, uint32_t x, uint32_t y) {
  return static_cast<uint32_t>(mix64(key + (static_cast<uint64_t>(y) << 32 | x) * 0x9e3779b97f4a7c15ull) >> 32);
}

// Counter-based generator: draw i of a stream is mix64(key + i * golden), so a stream depends on its key alone.
class Rng {
 public:
  explicit Rng(uint64_t key) : key_(mix64(key + 0x9e3779b97f4a7c15ull)) {}
  uint64_t next() { return mix64(key_ + ++counter_ * 0x9e3779b97f4a7c15ull); }
  // 0 .. n-1
  int below(int n) { return static_cast<int>((next() >> 32) * static_cast<uint64_t>(n) >> 32); }
  // low .. high, both included
  int between(int low, int high) { return low + below(high - low + 1); }
  bool percent(int p) { return below(100) < p; }
  // A stream of its own: what it draws does not shift the draws of this one.
  Rng fork() { return Rng(next()); }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace wordmask::train

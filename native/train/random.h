#pragma once
#include <cmath>
#include <cstdint>

namespace wordmask::train {

// Counter-based generator (SplitMix64 over a mixed key): the numbers of sample `index` depend on (seed, stream, index)
// alone, so that a resumed run needs no saved state.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream, uint64_t index) : state_(mix(mix(mix(seed) ^ stream) ^ index)) {}
  uint64_t bits() { return mix(state_ += 0x9e3779b97f4a7c15ull); }
  // [0, 1)
  float uniform() { return static_cast<float>(bits() >> 40) * 0x1p-24f; }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  bool chance(float probability) { return uniform() < probability; }
  int below(int n) { return static_cast<int>((bits() >> 32) * static_cast<uint64_t>(n) >> 32); }
  // Standard normal (Box and Muller).
  float normal() {
    const float radius = std::sqrt(-2.0f * std::log(1.0f - uniform()));
    return radius * std::cos(6.28318530718f * uniform());
  }

 private:
  static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  }
  uint64_t state_;
};

}  // namespace wordmask::train

#pragma once
#include <cstdint>

namespace wordmask::train {

// Place of `i` in the shuffled order of one epoch of n samples; needs no memory.
uint64_t shuffled(uint64_t i, uint64_t n, uint64_t seed, uint64_t epoch);

}  // namespace wordmask::train

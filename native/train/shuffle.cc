#include "train/shuffle.h"

#include "train/random.h"

namespace wordmask::train {

// A four-round Feistel network on the next even number of bits, walked until it falls below n.
uint64_t shuffled(uint64_t i, uint64_t n, uint64_t seed, uint64_t epoch) {
  int half = 1;
  while ((1ull << (2 * half)) < n) ++half;
  const uint64_t mask = (1ull << half) - 1;
  do {
    uint64_t left = i >> half, right = i & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t next = left ^ (Random(seed, epoch * 4 + round, right).bits() & mask);
      left = right;
      right = next;
    }
    i = left << half | right;
  } while (i >= n);
  return i;
}

}  // namespace wordmask::train

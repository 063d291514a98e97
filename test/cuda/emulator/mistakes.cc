// Kernels with planted mistakes: ./mistakes NAME prints the sum of what 64 threads answer, 2080 a round where nothing
// is wrong. Each thread gives its number + 1 to another one through shared memory.
#include <cstdio>
#include <string>

#include "emulator.h"

namespace {
constexpr int kThreads = 64, kRounds = 4;
float out[kRounds][kThreads];

__global__ void right() {
  __shared__ float given[kThreads];
  for (auto& row : out) {
    given[threadIdx.x] = static_cast<float>(threadIdx.x + 1);
    __syncthreads();
    row[threadIdx.x] = given[kThreads - 1 - threadIdx.x];
    __syncthreads();
  }
}

__global__ void read_too_soon() {
  __shared__ float given[kThreads];
  given[threadIdx.x] = static_cast<float>(threadIdx.x + 1);
  for (auto& row : out) row[threadIdx.x] = given[kThreads - 1 - threadIdx.x];
}

__global__ void written_too_soon() {
  __shared__ float given[kThreads];
  for (int round = 0; round < kRounds; ++round) {
    given[threadIdx.x] = static_cast<float>(round * kThreads + threadIdx.x + 1);
    __syncthreads();
    out[round][threadIdx.x] = given[kThreads - 1 - threadIdx.x] - static_cast<float>(round * kThreads);
  }
}

__global__ void half_a_barrier() {
  if (threadIdx.x < kThreads / 2) __syncthreads();
}

__global__ void two_barriers() {
  if (threadIdx.x < kThreads / 2) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void half_a_shuffle() {
  if (threadIdx.x % 2 == 0) out[0][threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 2);
}

__global__ void ask_the_block_before() {
  __shared__ float given[kThreads];
  if (blockIdx.x == 0) given[threadIdx.x] = static_cast<float>(threadIdx.x + 1);
  out[blockIdx.x][threadIdx.x] = given[threadIdx.x];
}
}  // namespace

int main(int, char** argv) {
  const std::string name = argv[1];
  void (*kernel)() = name == "right"              ? right
                     : name == "read too soon"    ? read_too_soon
                     : name == "written too soon" ? written_too_soon
                     : name == "half a barrier"   ? half_a_barrier
                     : name == "two barriers"     ? two_barriers
                     : name == "half a shuffle"   ? half_a_shuffle
                                                  : ask_the_block_before;
  wordmask::emulator::run(name == "the block before" ? kRounds : 1, kThreads, kernel);
  double sum = 0;
  for (const auto& row : out)
    for (const float value : row) sum += value;
  std::printf("%g", sum);
}

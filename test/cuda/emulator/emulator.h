#pragma once
// CUDA kernels on the CPU, for machines without a GPU: index arithmetic, barriers and shuffles as they are written. The
// threads of a block are fibers that run to the next barrier or shuffle, one at a time; which block is next, and in a
// block which thread, is drawn anew every time (seed: WORDMASK_EMULATOR_SEED), so that a result which depends on their
// order is seen to change. Shared memory begins each block as NaN bits. A __syncthreads that not all threads of the
// block reach at the same place ends the process. Tensors stand alone between pages that cannot be touched
// (guarded_memory.cc). What it cannot show: races within a warp between two shuffles, atomics used in place of
// barriers, speed, what ptxas makes of it. <op>_cuda.cu and <op>_cuda.cc are compiled by g++ against this folder
// instead of CUDA's headers and registered for CPU tensors (torch/library.h).
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>

#define __global__
#define __device__
#define __host__
#define __shared__ __attribute__((section("wordmask_shared_memory"))) static
#define __launch_bounds__(...)

struct dim3 {
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  unsigned x, y, z;
};
using cudaStream_t = void*;

namespace wordmask::emulator {

extern dim3 thread_index, block_index, block_size, grid_size;

// A block in which some threads wait for others that have left, or wait elsewhere, ends the process with a message.
void run(dim3 grid, dim3 block, const std::function<void()>& kernel);

void barrier(unsigned line);
uint64_t exchange(uint64_t bits, int offset);  // the bits of the lane whose number differs in `offset`

}  // namespace wordmask::emulator

#define threadIdx (::wordmask::emulator::thread_index)
#define blockIdx (::wordmask::emulator::block_index)
#define blockDim (::wordmask::emulator::block_size)
#define gridDim (::wordmask::emulator::grid_size)

inline void __syncthreads(std::source_location here = std::source_location::current()) {
  wordmask::emulator::barrier(here.line());
}

template <class T>
T __shfl_xor_sync(unsigned, T value, int offset) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = wordmask::emulator::exchange(bits, offset);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

template <class T>
T atomicAdd(T* place, T value) {
  const T before = *place;
  *place = before + value;
  return before;
}

template <class T>
T atomicMin(T* place, T value) {
  const T before = *place;
  *place = value < before ? value : before;
  return before;
}

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline uint32_t __float_as_uint(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
inline float __uint_as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
using std::isnan;

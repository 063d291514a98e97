#pragma once
// Products of up to 64 rows with up to 64 rows, by a block of 256 threads. `a` and `b` hold rows of `width` values, one
// after the other; the products are summed in float32 and left in shared.out, those of rows that are not there as 0.
// float32, or rows of two dtypes: shared-memory tiles and 4x4 sums a thread. Both float16 or both bfloat16: tensor
// cores.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

#include <cstdint>
#include <type_traits>

namespace wordmask::kernels::tile {

inline constexpr int kRows = 64, kThreads = 256;

__device__ inline float widen(float value) { return value; }
__device__ inline float widen(__half value) { return __half2float(value); }
__device__ inline float widen(__nv_bfloat16 value) { return __bfloat162float(value); }

template <class T>
struct Rows {
  const T* data;
  int64_t count, width;

  __device__ T at(int64_t row, int64_t column) const {
    return row < count && column < width ? data[row * width + column] : T(0.f);
  }
};

template <class A, class B>
inline constexpr bool kOnTensorCores = std::is_same_v<A, B> && !std::is_same_v<A, float>;

template <class T, bool on_tensor_cores>
struct Inputs {
  static constexpr int kDepth = 16;
  float a[kDepth][kRows + 4], b[kDepth][kRows + 4];
};
template <class T>
struct Inputs<T, true> {
  static constexpr int kDepth = 32,
                       kPitch = kDepth + 8;  // rows of 80 bytes: wmma wants multiples of 16, banks an odd many
  T a[kRows][kPitch], b[kRows][kPitch];
};

template <class A, class B>
struct alignas(32) Shared {  // what wmma asks of the places it reads and writes
  Inputs<A, kOnTensorCores<A, B>> in;
  static constexpr int kPitch = kRows + 4;
  float out[kRows][kPitch];
};

template <class A, class B>
__device__ void by_threads(const Rows<A>& a, const Rows<B>& b, Shared<A, B>& shared) {
  constexpr int kDepth = Inputs<A, false>::kDepth, kEach = 4;
  const int thread = threadIdx.x, top = thread / 16 * kEach, left = thread % 16 * kEach;
  float sum[kEach][kEach] = {};
  for (int64_t from = 0; from < a.width; from += kDepth) {
    for (int i = thread; i < kRows * kDepth; i += kThreads) {
      shared.in.a[i % kDepth][i / kDepth] = widen(a.at(i / kDepth, from + i % kDepth));
      shared.in.b[i % kDepth][i / kDepth] = widen(b.at(i / kDepth, from + i % kDepth));
    }
    __syncthreads();
#pragma unroll
    for (int depth = 0; depth < kDepth; ++depth) {
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
#pragma unroll
        for (int j = 0; j < kEach; ++j)
          sum[i][j] = fmaf(shared.in.a[depth][top + i], shared.in.b[depth][left + j], sum[i][j]);
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < kEach; ++i)
    for (int j = 0; j < kEach; ++j) shared.out[top + i][left + j] = sum[i][j];
}

// A warp makes 16 rows by 32 columns of the 64 by 64.
template <class T>
__device__ void by_tensor_cores(const Rows<T>& a, const Rows<T>& b, Shared<T, T>& shared) {
  using namespace nvcuda::wmma;
  using In = Inputs<T, true>;
  constexpr int kSide = 16, kAcross = 2;
  const int thread = threadIdx.x, warp = thread / 32, top = warp / 2 * kSide, left = warp % 2 * kSide * kAcross;
  fragment<accumulator, kSide, kSide, kSide, float> sum[kAcross];
  for (auto& part : sum) fill_fragment(part, 0.f);
  for (int64_t from = 0; from < a.width; from += In::kDepth) {
    for (int i = thread; i < kRows * In::kDepth; i += kThreads) {
      shared.in.a[i / In::kDepth][i % In::kDepth] = a.at(i / In::kDepth, from + i % In::kDepth);
      shared.in.b[i / In::kDepth][i % In::kDepth] = b.at(i / In::kDepth, from + i % In::kDepth);
    }
    __syncthreads();
#pragma unroll
    for (int depth = 0; depth < In::kDepth; depth += kSide) {
      fragment<matrix_a, kSide, kSide, kSide, T, row_major> left_rows;
      load_matrix_sync(left_rows, &shared.in.a[top][depth], In::kPitch);
#pragma unroll
      for (int j = 0; j < kAcross; ++j) {
        fragment<matrix_b, kSide, kSide, kSide, T, col_major> right_rows;
        load_matrix_sync(right_rows, &shared.in.b[left + j * kSide][depth], In::kPitch);
        mma_sync(sum[j], left_rows, right_rows, sum[j]);
      }
    }
    __syncthreads();
  }
  for (int j = 0; j < kAcross; ++j)
    store_matrix_sync(&shared.out[top][left + j * kSide], sum[j], Shared<T, T>::kPitch, mem_row_major);
}

// All threads of the block; afterwards shared.out may be read by all, until the next call.
template <class A, class B>
__device__ void products(const Rows<A>& a, const Rows<B>& b, Shared<A, B>& shared) {
  __syncthreads();  // nobody reads the last products any more
  if constexpr (kOnTensorCores<A, B>)
    by_tensor_cores(a, b, shared);
  else
    by_threads(a, b, shared);
  __syncthreads();
}

}  // namespace wordmask::kernels::tile

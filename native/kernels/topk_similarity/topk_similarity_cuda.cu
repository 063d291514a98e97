// Bound: for a few queries the bytes of the database, read once; for many queries * rows * width multiply-adds. Scores
// leave the chip as 64-bit keys, 8 bytes a query and row of a chunk, which one selection of integers then orders.
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/tile.cuh"
#include "kernels/topk_similarity/topk_similarity_cuda.h"

namespace wordmask::kernels {

namespace {
constexpr int kFew = 8;  // up to so many queries go along while a row is read once, by a warp
constexpr int kWarpsPerBlock = 8;

// Bits whose unsigned order is that of the floats.
__device__ uint32_t ordered(float score) {
  const uint32_t bits = __float_as_uint(score == 0 ? 0.f : score);  // -0 equals 0
  return bits ^ (bits >> 31 ? 0xffffffffu : 0x80000000u);
}

__device__ int64_t key_of(const TopkProblem& problem, float score, int64_t local) {
  const int64_t row = problem.first + local;
  const bool allowed = problem.allow == nullptr || (problem.allow[row / 8] >> row % 8 & 1);
  if (!allowed || isnan(score) || score < problem.threshold) return kNoRow;
  const uint64_t key = static_cast<uint64_t>(ordered(score)) << 32 | (0xffffffffu - static_cast<uint32_t>(row));
  return static_cast<int64_t>(key ^ 0x8000000000000000u);
}

template <class Q, class D>
__global__ void few_queries(TopkProblem problem) {
  const auto* queries = static_cast<const Q*>(problem.query);
  const auto* database = static_cast<const D*>(problem.database);
  const int lane = threadIdx.x;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.y; row < problem.rows;
       row += stride) {
    float sum[kFew] = {};
    for (int64_t c = lane; c < problem.width; c += kWarp) {
      const float value = tile::widen(database[row * problem.width + c]);
#pragma unroll
      for (int i = 0; i < kFew; ++i)
        if (i < problem.queries) sum[i] = fmaf(tile::widen(queries[i * problem.width + c]), value, sum[i]);
    }
#pragma unroll
    for (int i = 0; i < kFew; ++i) {
      if (i >= problem.queries) break;
      const float score = warp_sum(sum[i]);
      if (lane == 0) problem.keys[i * problem.pitch + row] = key_of(problem, score, row);
    }
  }
}

template <class Q, class D>
__global__ void __launch_bounds__(tile::kThreads) many_queries(TopkProblem problem) {
  __shared__ tile::Shared<Q, D> shared;
  const int64_t across = (problem.queries + tile::kRows - 1) / tile::kRows,
                down = (problem.rows + tile::kRows - 1) / tile::kRows;
  for (int64_t block = blockIdx.x; block < across * down; block += gridDim.x) {
    const int64_t query = block % across * tile::kRows, row = block / across * tile::kRows;
    const tile::Rows<Q> queries{static_cast<const Q*>(problem.query) + query * problem.width, problem.queries - query,
                                problem.width};
    const tile::Rows<D> rows{static_cast<const D*>(problem.database) + row * problem.width, problem.rows - row,
                             problem.width};
    tile::products(queries, rows, shared);
    for (int i = threadIdx.x; i < tile::kRows * tile::kRows; i += tile::kThreads) {
      const int64_t q = query + i / tile::kRows, r = row + i % tile::kRows;
      if (q < problem.queries && r < problem.rows)
        problem.keys[q * problem.pitch + r] = key_of(problem, shared.out[i / tile::kRows][i % tile::kRows], r);
    }
  }
}

template <class Q, class D>
void launch_keys(const TopkProblem& problem, cudaStream_t stream) {
  if (problem.queries <= kFew) {
    return launch(few_queries<Q, D>, grid_for(problem.rows, kWarpsPerBlock), dim3(kWarp, kWarpsPerBlock), stream,
                  problem);
  }
  const int64_t tiles =
      ((problem.queries + tile::kRows - 1) / tile::kRows) * ((problem.rows + tile::kRows - 1) / tile::kRows);
  launch(many_queries<Q, D>, grid_for(tiles, 1), tile::kThreads, stream, problem);
}

template <class Q>
void launch_keys(const TopkProblem& problem, cudaStream_t stream) {
  switch (problem.database_type) {
    case Storage::kFloat:
      return launch_keys<Q, float>(problem, stream);
    case Storage::kHalf:
      return launch_keys<Q, __half>(problem, stream);
    case Storage::kBFloat16:
      return launch_keys<Q, __nv_bfloat16>(problem, stream);
  }
}

__global__ void decode(const int64_t* keys, int64_t count, float* scores, int64_t* rows) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
    const uint64_t key = static_cast<uint64_t>(keys[i]) ^ 0x8000000000000000u;
    const auto bits = static_cast<uint32_t>(key >> 32);
    const bool none = keys[i] == kNoRow;
    scores[i] = none ? -kInfinity : __uint_as_float(bits ^ (bits >> 31 ? 0x80000000u : 0xffffffffu));
    rows[i] = none ? -1 : static_cast<int64_t>(0xffffffffu - static_cast<uint32_t>(key));
  }
}
}  // namespace

void launch_topk_keys(const TopkProblem& problem, cudaStream_t stream) {
  switch (problem.query_type) {
    case Storage::kFloat:
      return launch_keys<float>(problem, stream);
    case Storage::kHalf:
      return launch_keys<__half>(problem, stream);
    case Storage::kBFloat16:
      return launch_keys<__nv_bfloat16>(problem, stream);
  }
}

void launch_topk_decode(const int64_t* keys, int64_t count, float* scores, int64_t* rows, cudaStream_t stream) {
  constexpr int kThreads = 256;
  launch(decode, grid_for(count, kThreads), kThreads, stream, keys, count, scores, rows);
}

}  // namespace wordmask::kernels

#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace wordmask::kernels {

enum class Storage { kFloat, kHalf, kBFloat16 };

// A key orders rows as the result does: the better score first, of equal ones the lower row. kNoRow comes last.
inline constexpr int64_t kNoRow = INT64_MIN;

struct TopkProblem {
  const void* query;  // [queries, width]
  Storage query_type;
  const void* database;  // [rows, width]: the chunk that begins at row `first` of the whole database
  Storage database_type;
  int64_t queries, rows, width, first;
  float threshold;       // as on the CPU
  const uint8_t* allow;  // of the whole database, or null
  int64_t* keys;         // row i at keys + i * pitch
  int64_t pitch;
};

void launch_topk_keys(const TopkProblem& problem, cudaStream_t stream);

// keys -> scores and rows; kNoRow -> -inf and -1
void launch_topk_decode(const int64_t* keys, int64_t count, float* scores, int64_t* rows, cudaStream_t stream);

}  // namespace wordmask::kernels

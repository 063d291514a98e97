#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace wordmask::kernels {

enum class LabelType { kByte, kUInt16, kInt, kLong };

struct Labels {
  const void* values;
  LabelType type;
};

struct ConfusionProblem {
  Labels truth, prediction;
  int64_t places, classes, ignore;
  unsigned long long* table;  // [classes, classes], of zeros
  unsigned long long* wrong;  // lowered to the first place whose label is out of range
};

void launch_confusion(const ConfusionProblem& problem, cudaStream_t stream);

}  // namespace wordmask::kernels

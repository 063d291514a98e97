#include <ATen/ops/empty.h>

#include <numeric>
#include <random>

#include "check/cases/case.h"

namespace wordmask::check {

at::Tensor uniform(const std::vector<int64_t>& shape, uint64_t seed) {
  auto tensor = at::empty(shape, at::kFloat);
  std::mt19937_64 engine(seed);
  auto* values = tensor.mutable_data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i)
    values[i] = static_cast<float>(static_cast<int64_t>(engine() >> 40)) / (1 << 23) - 1;
  return tensor;
}

at::Tensor strided(const at::Tensor& tensor) {
  std::vector<int64_t> backwards(tensor.dim());
  std::iota(backwards.rbegin(), backwards.rend(), 0);
  return tensor.permute(backwards).contiguous().permute(backwards);
}

std::vector<double> doubles(const at::Tensor& tensor) {
  const auto values = tensor.cpu().to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

}  // namespace wordmask::check

#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace wordmask {

// CPU tensors over memory that they keep alive; no copy. The product of `shape` must be `values->size()`.
at::Tensor host_tensor(std::shared_ptr<std::vector<float>> values, const std::vector<int64_t>& shape);
at::Tensor host_tensor(std::shared_ptr<std::vector<int32_t>> values, const std::vector<int64_t>& shape);
at::Tensor host_tensor(std::shared_ptr<std::vector<int64_t>> values, const std::vector<int64_t>& shape);
at::Tensor host_tensor(std::shared_ptr<std::vector<double>> values, const std::vector<int64_t>& shape);
at::Tensor host_tensor(std::shared_ptr<std::vector<uint8_t>> values, const std::vector<int64_t>& shape);

}  // namespace wordmask

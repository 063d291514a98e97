#include "base/host_tensor.h"

#include <ATen/ops/from_blob.h>

namespace wordmask {
namespace {

template <class T>
at::Tensor over(std::shared_ptr<std::vector<T>> values, const std::vector<int64_t>& shape, at::ScalarType type) {
  void* data = values->data();
  return at::from_blob(
      data, shape, [values = std::move(values)](void*) {}, at::TensorOptions().dtype(type));
}

}  // namespace

at::Tensor host_tensor(std::shared_ptr<std::vector<float>> values, const std::vector<int64_t>& shape) {
  return over(std::move(values), shape, at::kFloat);
}

at::Tensor host_tensor(std::shared_ptr<std::vector<int32_t>> values, const std::vector<int64_t>& shape) {
  return over(std::move(values), shape, at::kInt);
}

at::Tensor host_tensor(std::shared_ptr<std::vector<int64_t>> values, const std::vector<int64_t>& shape) {
  return over(std::move(values), shape, at::kLong);
}

at::Tensor host_tensor(std::shared_ptr<std::vector<double>> values, const std::vector<int64_t>& shape) {
  return over(std::move(values), shape, at::kDouble);
}

at::Tensor host_tensor(std::shared_ptr<std::vector<uint8_t>> values, const std::vector<int64_t>& shape) {
  return over(std::move(values), shape, at::kByte);
}

}  // namespace wordmask

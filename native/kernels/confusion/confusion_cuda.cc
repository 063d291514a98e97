#include "kernels/confusion/confusion_cuda.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "base/error.h"

namespace wordmask::kernels {

namespace {
Labels labels_of(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type();
  return {tensor.const_data_ptr(), type == at::kByte     ? LabelType::kByte
                                   : type == at::kUInt16 ? LabelType::kUInt16
                                   : type == at::kInt    ? LabelType::kInt
                                                         : LabelType::kLong};
}

int64_t value_at(const at::Tensor& labels, int64_t place) {
  return labels.reshape({-1}).slice(0, place, place + 1).to(at::kLong).item<int64_t>();
}

at::Tensor confusion_cuda(const at::Tensor& given_truth, const at::Tensor& given_prediction, int64_t classes,
                          int64_t ignore) {
  WM_CHECK(given_truth.device() == given_prediction.device(), code::kDevice, "Expected both label maps on ",
           given_truth.device(), " but one is on ", given_prediction.device());
  const c10::cuda::CUDAGuard guard(given_truth.device());
  const auto truth = given_truth.contiguous(), prediction = given_prediction.contiguous();
  const int64_t places = truth.numel();
  const auto options = truth.options().dtype(at::kLong);
  auto table = at::zeros({classes, classes}, options), wrong = at::full({1}, places, options);
  if (places == 0) return table;
  launch_confusion({labels_of(truth), labels_of(prediction), places, classes, ignore,
                    static_cast<unsigned long long*>(table.mutable_data_ptr()),
                    static_cast<unsigned long long*>(wrong.mutable_data_ptr())},
                   c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  const auto at = wrong.item<int64_t>();  // waits for the kernel
  WM_CHECK(at == places, code::kInvalidArgument, "Expected labels from 0 to ", classes - 1, " or truth == ignore (",
           ignore, ") but received truth ", value_at(truth, at), " and prediction ", value_at(prediction, at),
           " at place ", at);
  return table;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CUDA, m) { m.impl("confusion", &confusion_cuda); }

}  // namespace wordmask::kernels

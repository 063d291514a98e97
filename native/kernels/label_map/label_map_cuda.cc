#include "kernels/label_map/label_map_cuda.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <optional>
#include <tuple>

#include "base/error.h"

namespace wordmask::kernels {

namespace {
// Both grids, held while the kernel is put on its stream.
struct Held {
  at::Tensor scores, factor;
  LabelMapProblem problem;

  Held(const at::Tensor& given, const std::optional<at::Tensor>& given_factor, int64_t height, int64_t width,
       at::ArrayRef<double> extents, double temperature)
      : scores(given.contiguous()) {
    problem = {grid(scores, extents[0], extents[1]), {}, scores.size(2), height, width,
               static_cast<float>(temperature)};
    if (!given_factor) return;
    WM_CHECK(given_factor->device() == given.device(), code::kDevice, "Expected both grids on ", given.device(),
             " but one is on ", given_factor->device());
    factor = given_factor->contiguous();
    problem.factor = grid(factor, extents[2], extents[3]);
  }
  static LabelGrid grid(const at::Tensor& cells, double extent_h, double extent_w) {
    return {cells.const_data_ptr<float>(), cells.size(0), cells.size(1), extent_h, extent_w};
  }
};

at::Tensor labels_of(const at::Tensor& scores, const std::optional<at::Tensor>& factor, int64_t height, int64_t width,
                     at::ArrayRef<double> extents, double temperature, double threshold) {
  const c10::cuda::CUDAGuard guard(scores.device());
  const Held held(scores, factor, height, width, extents, temperature);
  auto labels = at::empty({height, width}, scores.options().dtype(at::kInt));
  if (labels.numel() == 0) return labels;
  launch_label_map(held.problem, static_cast<float>(threshold > 0 ? 1 / threshold : 0),
                   labels.mutable_data_ptr<int32_t>(), c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return labels;
}

at::Tensor label_map_cuda(const at::Tensor& scores, int64_t height, int64_t width, double extent_h, double extent_w,
                          double temperature, double threshold) {
  return labels_of(scores, std::nullopt, height, width, {extent_h, extent_w}, temperature, threshold);
}

at::Tensor label_map_product_cuda(const at::Tensor& scores, const at::Tensor& factor, int64_t height, int64_t width,
                                  at::ArrayRef<double> extents, double temperature, double threshold) {
  return labels_of(scores, factor, height, width, extents, temperature, threshold);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> label_scores_cuda(const at::Tensor& scores,
                                                                 const std::optional<at::Tensor>& factor,
                                                                 int64_t height, int64_t width,
                                                                 at::ArrayRef<double> extents, double temperature,
                                                                 int64_t k) {
  const c10::cuda::CUDAGuard guard(scores.device());
  const Held held(scores, factor, height, width, extents, temperature);
  auto labels = at::empty({height, width, k}, scores.options().dtype(at::kInt));
  auto values = at::empty({height, width, k}, scores.options());
  auto sums = at::empty({height, width}, scores.options());
  if (sums.numel() == 0) return {labels, values, sums};
  launch_label_scores(held.problem, k, labels.mutable_data_ptr<int32_t>(), values.mutable_data_ptr<float>(),
                      sums.mutable_data_ptr<float>(), c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return {labels, values, sums};
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CUDA, m) {
  m.impl("label_map", &label_map_cuda);
  m.impl("label_map_product", &label_map_product_cuda);
  m.impl("label_scores", &label_scores_cuda);
}

}  // namespace wordmask::kernels

#include "kernels/label_map/label_map_cuda.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

namespace wordmask::kernels {

namespace {
at::Tensor label_map_cuda(const at::Tensor& given, int64_t height, int64_t width, double extent_h, double extent_w,
                          double temperature, double threshold) {
  const c10::cuda::CUDAGuard guard(given.device());
  const auto scores = given.contiguous();
  auto labels = at::empty({height, width}, scores.options().dtype(at::kInt));
  if (labels.numel() == 0) return labels;
  const LabelMapGrid grid{scores.const_data_ptr<float>(),
                          scores.size(0),
                          scores.size(1),
                          scores.size(2),
                          height,
                          width,
                          extent_h,
                          extent_w};
  launch_label_map(grid, static_cast<float>(temperature), static_cast<float>(threshold > 0 ? 1 / threshold : 0),
                   labels.mutable_data_ptr<int32_t>(), c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return labels;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CUDA, m) { m.impl("label_map", &label_map_cuda); }

}  // namespace wordmask::kernels

#include "kernels/max_affinity/max_affinity_cuda.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <optional>

namespace wordmask::kernels {

namespace {
at::Tensor max_affinity_cuda(const at::Tensor& given, const std::optional<at::Tensor>& given_weights) {
  const c10::cuda::CUDAGuard guard(given.device());
  const auto features = given.contiguous();
  const auto weights = given_weights ? given_weights->contiguous() : at::Tensor();
  auto sizes = features.sizes().vec();
  const int64_t images = sizes.end()[-3];
  sizes.back() = images;
  auto out = at::empty(sizes, features.options().dtype(at::kFloat));
  if (out.numel() == 0) return out;
  const AffinityProblem problem{features.const_data_ptr(),
                                features.scalar_type() == at::kBFloat16,
                                weights.defined() ? weights.const_data_ptr<float>() : nullptr,
                                features.dim() == 4 ? features.size(0) : 1,
                                images,
                                features.size(-2),
                                features.size(-1),
                                out.mutable_data_ptr<float>()};
  launch_max_affinity(problem, c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CUDA, m) { m.impl("max_affinity", &max_affinity_cuda); }

}  // namespace wordmask::kernels

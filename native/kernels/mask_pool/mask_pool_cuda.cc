#include "kernels/mask_pool/mask_pool_cuda.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/mask_pool/axis.h"

namespace wordmask::kernels {

namespace {
template <class Number>
constexpr at::ScalarType kNumber = std::is_same_v<Number, double> ? at::kDouble : at::kFloat;

// An axis copied to the device, in two pieces.
template <class Number>
class AxisOnDevice {
 public:
  AxisOnDevice(int64_t pixels, int64_t cells, double extent, bool bilinear, c10::Device device) {
    const auto axis = mask_pool::axis(pixels, cells, extent, bilinear);
    std::vector<int64_t> first(pixels, cells), last(pixels, -1);
    for (int64_t i = 0; i < cells; ++i) {
      for (int64_t p = axis.begin[i]; p < axis.end[i]; ++p) first[p] = std::min(first[p], i), last[p] = i;
    }
    std::vector<int64_t> places;
    for (const auto& part : {axis.begin, axis.end, axis.offset, first, last})
      places.insert(places.end(), part.begin(), part.end());
    places_ = at::tensor(places, at::kLong).to(device);
    weights_ = at::tensor(axis.weight, at::kDouble).to(device, kNumber<Number>);
    const auto* begin = places_.template const_data_ptr<int64_t>();
    view_ = {begin,
             begin + cells,
             begin + 2 * cells,
             weights_.template const_data_ptr<Number>(),
             begin + 3 * cells,
             begin + 3 * cells + pixels,
             pixels,
             cells};
  }
  const DeviceAxis<Number>& view() const { return view_; }

 private:
  at::Tensor places_, weights_;
  DeviceAxis<Number> view_;
};

template <class Pixel, class Number>
at::Tensor weights_of(const at::Tensor& masks, int64_t h, int64_t w, double extent_h, double extent_w, bool bilinear) {
  const auto result = at::empty({masks.size(0), h, w}, masks.options().dtype(kNumber<Number>));
  if (result.numel() == 0) return result;
  const AxisOnDevice<Number> rows(masks.size(1), h, extent_h, bilinear, masks.device()),
      columns(masks.size(2), w, extent_w, bilinear, masks.device());
  launch_mask_weights(
      MaskWeights<Pixel, Number>{static_cast<const Pixel*>(masks.const_data_ptr()), masks.size(0), rows.view(),
                                 columns.view(), result.template mutable_data_ptr<Number>()},
      c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return result;
}

at::Tensor mask_weights_cuda(const at::Tensor& given, int64_t h, int64_t w, double extent_h, double extent_w,
                             bool bilinear) {
  const c10::cuda::CUDAGuard guard(given.device());
  const auto masks = given.contiguous();
  switch (masks.scalar_type()) {
    case at::kFloat:
      return weights_of<float, float>(masks, h, w, extent_h, extent_w, bilinear);
    case at::kDouble:
      return weights_of<double, double>(masks, h, w, extent_h, extent_w, bilinear);
    default:  // bool is a byte of 0 or 1
      return weights_of<uint8_t, float>(masks, h, w, extent_h, extent_w, bilinear);
  }
}

template <class Number>
at::Tensor gradient_of(const at::Tensor& gradient, int64_t height, int64_t width, double extent_h, double extent_w,
                       bool bilinear) {
  const auto result = at::empty({gradient.size(0), height, width}, gradient.options());
  if (result.numel() == 0) return result;
  const AxisOnDevice<Number> rows(height, gradient.size(1), extent_h, bilinear, gradient.device()),
      columns(width, gradient.size(2), extent_w, bilinear, gradient.device());
  launch_mask_gradient(MaskGradient<Number>{gradient.template const_data_ptr<Number>(), gradient.size(0), rows.view(),
                                            columns.view(), result.template mutable_data_ptr<Number>()},
                       c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return result;
}

at::Tensor mask_weights_backward_cuda(const at::Tensor& given, int64_t height, int64_t width, double extent_h,
                                      double extent_w, bool bilinear) {
  const c10::cuda::CUDAGuard guard(given.device());
  const auto gradient = given.contiguous();
  return gradient.scalar_type() == at::kDouble
             ? gradient_of<double>(gradient, height, width, extent_h, extent_w, bilinear)
             : gradient_of<float>(gradient, height, width, extent_h, extent_w, bilinear);
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CUDA, m) {
  m.impl("mask_weights", &mask_weights_cuda);
  m.impl("mask_weights_backward", &mask_weights_backward_cuda);
}

}  // namespace wordmask::kernels

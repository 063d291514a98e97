#include "kernels/resize_normalize/resize_normalize_cuda.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <memory>
#include <vector>

#include "base/error.h"
#include "kernels/resize_normalize/taps.h"

namespace wordmask::kernels {

namespace {
static_assert(kTapFraction == resize::kFraction);

// Taps copied to the device, in one piece.
class TapsOnDevice {
 public:
  TapsOnDevice(const resize::Axis& axis, c10::Device device) : host(resize::taps(axis)) {
    std::vector<int32_t> all;
    for (const auto* part : {&host->first, &host->length, &host->weight})
      all.insert(all.end(), part->begin(), part->end());
    held_ = at::tensor(all, at::kInt).to(device);
    const auto* data = held_.const_data_ptr<int32_t>();
    view = {data, data + axis.count, data + 2 * axis.count, host->stride};
  }
  std::shared_ptr<const resize::Taps> host;
  DeviceTaps view;

 private:
  at::Tensor held_;
};

at::Tensor resize_normalize_cuda(at::TensorList images, at::IntArrayRef frames, int64_t height, int64_t width,
                                 int64_t filter, at::ArrayRef<double> mean, at::ArrayRef<double> std) {
  const auto device = images[0].device();
  const c10::cuda::CUDAGuard guard(device);
  const auto n = static_cast<int64_t>(images.size());
  auto result = at::empty({n, 3, height, width}, images[0].options().dtype(at::kFloat));
  if (height == 0 || width == 0) return result;
  const auto stream = c10::cuda::getCurrentCUDAStream();
  for (int64_t i = 0; i < n; ++i) {
    WM_CHECK(images[i].device() == device, code::kDevice, "Expected all images on ", device, " but image ", i,
             " is on ", images[i].device());
    const auto image = images[i].contiguous();
    const auto* frame = frames.data() + 4 * i;
    const auto f = static_cast<Filter>(filter);
    const TapsOnDevice columns({image.size(1), frame[0], frame[2], width, f}, device),
        rows({image.size(0), frame[1], frame[3], height, f}, device);
    const int64_t first = rows.host->begin, count = rows.host->end - first;
    auto lines = at::empty({count, width, 3}, image.options());
    launch_resize_across({image.const_data_ptr<uint8_t>(), image.size(1), first, count, width, columns.view,
                          lines.mutable_data_ptr<uint8_t>()},
                         stream);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
    ResizeDown down{lines.const_data_ptr<uint8_t>(),
                    first,
                    height,
                    width,
                    rows.view,
                    {},
                    {},
                    result.mutable_data_ptr<float>() + i * 3 * height * width};
    for (int c = 0; c < 3; ++c) {
      down.mean[c] = static_cast<float>(mean[c]);
      down.std[c] = static_cast<float>(std[c]);
    }
    launch_resize_down(down, stream);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  }
  return result;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CUDA, m) { m.impl("resize_normalize", &resize_normalize_cuda); }

}  // namespace wordmask::kernels

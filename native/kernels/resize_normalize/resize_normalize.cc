#include "kernels/resize_normalize/resize_normalize.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def(
      "resize_normalize(Tensor[] images, int[] frames, int height, int width, int filter, float[] mean, float[] std) "
      "-> Tensor");
}

namespace wordmask::kernels {

namespace {
constexpr int64_t kMaxSide = int64_t{1} << 30;  // positions are 32-bit, sums of two of them too

void check(const at::Tensor& image, const ResizeFrame& frame, const ResizeNormalizeOptions& options) {
  WM_CHECK(image.dim() == 3 && image.size(2) == 3 && image.numel() > 0 && image.scalar_type() == at::kByte &&
               image.size(0) <= kMaxSide && image.size(1) <= kMaxSide,
           code::kInvalidArgument, "Expected an uint8 image [height, width, 3] of at least one pixel but received ",
           image.scalar_type(), " ", image.sizes());
  WM_CHECK(frame.width > 0 && frame.height > 0 && frame.width <= kMaxSide && frame.height <= kMaxSide,
           code::kInvalidArgument, "Expected a size of 1x1 to ", kMaxSide, "x", kMaxSide,
           " for the resized image but received ", frame.width, "x", frame.height);
  WM_CHECK(frame.left >= 0 && frame.top >= 0 && frame.left <= frame.width - options.width &&
               frame.top <= frame.height - options.height,
           code::kInvalidArgument, "Expected a window inside the resized image of ", frame.width, "x", frame.height,
           " but received ", options.width, "x", options.height, " at column ", frame.left, ", row ", frame.top);
}
}  // namespace

at::Tensor resize_normalize(const std::vector<at::Tensor>& images, const std::vector<ResizeFrame>& frames,
                            const ResizeNormalizeOptions& options) {
  using Signature = at::Tensor(at::TensorList, at::IntArrayRef, int64_t, int64_t, int64_t, at::ArrayRef<double>,
                               at::ArrayRef<double>);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::resize_normalize", "").typed<Signature>();
  WM_CHECK(images.size() == frames.size(), code::kInvalidArgument, "Expected a frame for each of ", images.size(),
           " images but received ", frames.size());
  WM_CHECK(options.height >= 0 && options.width >= 0, code::kInvalidArgument,
           "Expected a window of at least 0x0 pixels but received ", options.width, "x", options.height);
  for (const double std : options.std) {
    WM_CHECK(std > 0, code::kInvalidArgument, "Expected a positive std but received ", std);
  }
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < images.size(); ++i) {
    check(images[i], frames[i], options);
    numbers.insert(numbers.end(), {frames[i].width, frames[i].height, frames[i].left, frames[i].top});
  }
  if (images.empty()) return at::empty({0, 3, options.height, options.width}, at::kFloat);
  return op.call(images, numbers, options.height, options.width, static_cast<int64_t>(options.filter), options.mean,
                 options.std);
}

}  // namespace wordmask::kernels

#include "pipeline/preprocess.h"

#include <ATen/ops/from_blob.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "kernels/resize_normalize/resize_normalize.h"

namespace wordmask::pipeline {

namespace {
// A strip of 1 x 100,000 pixels would become 224 x 22,400,000, of which a crop shows nothing worth seeing.
constexpr int64_t kMaxResized = int64_t{1} << 26;

at::Tensor pixels_of(const ImageU8& image) {
  const auto size = static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3;
  WM_CHECK(image.width > 0 && image.height > 0 && image.data.size() == size, code::kInvalidArgument, "Expected ",
           image.width, "x", image.height, "x3 bytes of pixels but received ", image.data.size());
  // Read only.
  return at::from_blob(const_cast<uint8_t*>(image.data.data()), {image.height, image.width, 3}, at::kByte);
}

kernels::ResizeNormalizeOptions window(int64_t width, int64_t height, const ResizeOptions& options) {
  const auto filter = options.bicubic ? kernels::Filter::kBicubic : kernels::Filter::kBilinear;
  return {height, width, filter, options.mean, options.std};
}

// torchvision's rounding: the longer side is truncated, the crop's corner rounded half to even.
kernels::ResizeFrame centre_square(const ImageU8& image, int64_t size) {
  const int64_t shorter = std::min(image.width, image.height), longer = std::max(image.width, image.height);
  WM_CHECK(shorter > 0, code::kInvalidArgument, "Expected an image of at least 1x1 pixels but received ", image.width,
           "x", image.height);
  const int64_t scaled = static_cast<int64_t>(static_cast<double>(size * longer) / static_cast<double>(shorter));
  WM_CHECK(scaled * size <= kMaxResized, code::kInvalidArgument, "Expected sides of a ratio up to ",
           kMaxResized / (size * size), " but received an image of ", image.width, "x", image.height);
  const bool portrait = image.width <= image.height;
  const int64_t width = portrait ? size : scaled, height = portrait ? scaled : size;
  const auto top = static_cast<int64_t>(std::nearbyint(static_cast<double>(height - size) / 2.0));
  const auto left = static_cast<int64_t>(std::nearbyint(static_cast<double>(width - size) / 2.0));
  return {width, height, left, top};
}
}  // namespace

at::Tensor resize(const ImageU8& image, int width, int height, const ResizeOptions& options) {
  WM_CHECK(width > 0 && height > 0 && int64_t{width} * height <= kMaxResized, code::kInvalidArgument,
           "Expected a resized image of 1 to ", kMaxResized, " pixels but received ", width, "x", height,
           " for an image of ", image.width, "x", image.height);
  const kernels::ResizeFrame frame{width, height};
  return kernels::resize_normalize({pixels_of(image)}, {frame}, window(width, height, options)).squeeze(0);
}

at::Tensor preprocess(std::span<const ImageU8* const> images, int size, const ResizeOptions& options) {
  std::vector<at::Tensor> pixels;
  std::vector<kernels::ResizeFrame> frames;
  for (const ImageU8* image : images) {
    frames.push_back(centre_square(*image, size));
    pixels.push_back(pixels_of(*image));
  }
  return kernels::resize_normalize(pixels, frames, window(size, size, options));
}

at::Tensor preprocess(const ImageU8& image, int size, const ResizeOptions& options) {
  const std::array one{&image};
  return preprocess(one, size, options).squeeze(0);
}

}  // namespace wordmask::pipeline

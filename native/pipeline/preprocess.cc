#include "pipeline/preprocess.h"

#include <ATen/ATen.h>

#include <cmath>

namespace wordmask::pipeline {

namespace {
// A strip of 1 x 100,000 pixels would be resized to 224 x 22,400,000 before it is cropped.
constexpr int64_t kMaxResized = int64_t{1} << 26;

at::Tensor planes(const ImageU8& image) {
  const auto size = static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3;
  WM_CHECK(image.width > 0 && image.height > 0 && image.data.size() == size, code::kInvalidArgument, "Expected ",
           image.width, "x", image.height, "x3 bytes of pixels but received ", image.data.size());
  // Read only; a view of [1, h, w, 3] as channels-last [1, 3, h, w], which is the fast path of the resize.
  auto* bytes = const_cast<uint8_t*>(image.data.data());
  return at::from_blob(bytes, {1, image.height, image.width, 3}, at::kByte).permute({0, 3, 1, 2});
}
}  // namespace

at::Tensor resize(const ImageU8& image, int width, int height, bool bicubic) {
  WM_CHECK(width > 0 && height > 0 && int64_t{width} * height <= kMaxResized, code::kInvalidArgument,
           "Expected a resized image of 1 to ", kMaxResized, " pixels but received ", width, "x", height,
           " for an image of ", image.width, "x", image.height);
  const auto pixels = planes(image);
  if (width == image.width && height == image.height) return pixels[0].contiguous();
  const auto resized = bicubic ? at::_upsample_bicubic2d_aa(pixels, {height, width}, /*align_corners=*/false)
                               : at::_upsample_bilinear2d_aa(pixels, {height, width}, /*align_corners=*/false);
  return resized[0].contiguous();
}

at::Tensor normalize(const at::Tensor& pixels, const ResizeOptions& options) {
  for (int i = 0; i < 3; ++i) {
    WM_CHECK(options.std[i] > 0, code::kInvalidArgument, "Expected a positive std but received ", options.std[i]);
  }
  const auto per_channel = [](const std::array<double, 3>& values) {
    return at::tensor({values[0], values[1], values[2]}, at::kFloat).view({3, 1, 1});
  };
  return pixels.to(at::kFloat).div_(255).sub_(per_channel(options.mean)).div_(per_channel(options.std));
}

at::Tensor preprocess(const ImageU8& image, int size, const ResizeOptions& options) {
  // torchvision's rounding: the longer side is truncated, the crop's corner rounded half to even.
  const int64_t shorter = std::min(image.width, image.height), longer = std::max(image.width, image.height);
  WM_CHECK(shorter > 0, code::kInvalidArgument, "Expected an image of at least 1x1 pixels but received ", image.width,
           "x", image.height);
  const int64_t scaled = static_cast<int64_t>(static_cast<double>(size * longer) / static_cast<double>(shorter));
  WM_CHECK(scaled * size <= kMaxResized, code::kInvalidArgument, "Expected sides of a ratio up to ",
           kMaxResized / (int64_t{size} * size), " but received an image of ", image.width, "x", image.height);
  const bool portrait = image.width <= image.height;
  const int width = portrait ? size : static_cast<int>(scaled), height = portrait ? static_cast<int>(scaled) : size;
  const auto resized = resize(image, width, height, options.bicubic);
  const auto top = static_cast<int64_t>(std::nearbyint((height - size) / 2.0));
  const auto left = static_cast<int64_t>(std::nearbyint((width - size) / 2.0));
  return normalize(resized.slice(1, top, top + size).slice(2, left, left + size), options);
}

}  // namespace wordmask::pipeline

#include "train/segmenter/fit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/resize_normalize/resize_normalize.h"

namespace wordmask::train {

namespace {
constexpr int64_t kMaxResized = int64_t{1} << 26;

kernels::ResizeFrame covering(int64_t w, int64_t h, int64_t width, int64_t height) {
  kernels::ResizeFrame frame{width, height};
  if (w * height >= h * width) {
    frame.width = std::max(width, (2 * w * height + h) / (2 * h));
  } else {
    frame.height = std::max(height, (2 * h * width + w) / (2 * w));
  }
  WM_CHECK(frame.width * frame.height <= kMaxResized, code::kInvalidArgument, "Expected sides of a ratio like ", width,
           " : ", height, " but received an image of ", w, "x", h);
  frame.left = (frame.width - width) / 2, frame.top = (frame.height - height) / 2;
  return frame;
}
}  // namespace

FittedPicture fit_picture(const ImageU8& image, const LabelMap& labels, const std::vector<uint8_t>& lookup, int width,
                          int height) {
  WM_CHECK(labels.width == image.width && labels.height == image.height &&
               labels.data.size() == static_cast<size_t>(image.width) * static_cast<size_t>(image.height),
           code::kInvalidArgument, "Expected a label map of the image's ", image.width, "x", image.height,
           " pixels but received ", labels.width, "x", labels.height);
  WM_CHECK(width > 0 && height > 0, code::kInvalidArgument, "Expected a size of at least 1x1 but received ", width, "x",
           height);
  c10::InferenceMode guard;
  const int64_t w = image.width, h = image.height;
  const auto frame = covering(w, h, width, height);
  const auto pixels = at::from_blob(const_cast<uint8_t*>(image.data.data()), {h, w, 3}, at::kByte);  // read only
  const auto window = kernels::resize_normalize({pixels}, {frame}, {height, width, kernels::Filter::kBilinear});
  const auto bytes = (window.squeeze(0).permute({1, 2, 0}) * 255).round().to(at::kByte).contiguous();
  FittedPicture fitted;
  fitted.pixels.assign(bytes.const_data_ptr<uint8_t>(), bytes.const_data_ptr<uint8_t>() + bytes.numel());
  // Every value is checked, also where the smaller map leaves it out.
  for (const uint16_t value : labels.data) {
    if (value < lookup.size() && lookup[value] != kUnknownValue) continue;
    fitted.unknown = value;
    return fitted;
  }
  fitted.labels.reserve(static_cast<size_t>(width) * static_cast<size_t>(height));
  for (int64_t y = 0; y < height; ++y) {
    const int64_t from = std::min(h - 1, (2 * (y + frame.top) + 1) * h / (2 * frame.height));
    for (int64_t x = 0; x < width; ++x) {
      const int64_t column = std::min(w - 1, (2 * (x + frame.left) + 1) * w / (2 * frame.width));
      fitted.labels.push_back(lookup[labels.data[static_cast<size_t>(from * w + column)]]);
    }
  }
  return fitted;
}

}  // namespace wordmask::train

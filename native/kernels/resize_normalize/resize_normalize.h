#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

namespace wordmask::kernels {

enum class Filter { kNearest, kBilinear, kBicubic };

// An image is resized to exactly width x height; of that, the window whose upper left corner is (left, top) is made.
struct ResizeFrame {
  int64_t width = 0, height = 0;
  int64_t left = 0, top = 0;
};

struct ResizeNormalizeOptions {
  int64_t height = 0, width = 0;  // of the window, alike for all images
  Filter filter = Filter::kBicubic;
  std::array<double, 3> mean{0, 0, 0}, std{1, 1, 1};
};

// images[i] uint8 [H_i, W_i, 3] -> float32 [n, 3, height, width]: (x / 255 - mean[c]) / std[c] of the bytes x that
// Pillow's Image.resize((frames[i].width, frames[i].height), filter).crop(window) answers, byte for byte:
//   s = max(size / resized, 1); output position o looks at input positions i with weights
//   w[o, i] ~ f((i + 0.5 - (o + 0.5) * size / resized) / s), normalised to 1 and rounded to 22 bits behind the point;
//   f is the triangle (bilinear) or Keys' cubic with a = -0.5 (bicubic); nearest takes i = floor((o + 0.5) * size /
//   resized). Columns first, rounded half up and cut to a byte; then rows, likewise.
// Only the window's rows and columns are made; the mean and the division are float32, in this order.
at::Tensor resize_normalize(const std::vector<at::Tensor>& images, const std::vector<ResizeFrame>& frames,
                            const ResizeNormalizeOptions& options);

}  // namespace wordmask::kernels

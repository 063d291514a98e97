#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "check/bench.h"
#include "kernels/resize_normalize/resize_normalize.h"

namespace wordmask::check {
namespace {

constexpr std::array<double, 3> kMean{0.48145466, 0.4578275, 0.40821073}, kStd{0.26862954, 0.26130258, 0.27577711};

at::Tensor per_channel(const std::array<double, 3>& values) {
  return at::tensor({values[0], values[1], values[2]}, at::kFloat).view({3, 1, 1});
}

// What people write: bytes resized channels-last, which is LibTorch's fast path, then cropped and normalised.
at::Tensor composed(const at::Tensor& image, const kernels::ResizeFrame& frame, int64_t side) {
  const auto planes = image.permute({2, 0, 1}).unsqueeze(0);
  const auto resized = at::_upsample_bicubic2d_aa(planes, {frame.height, frame.width}, /*align_corners=*/false)[0];
  const auto window = resized.narrow(1, frame.top, side).narrow(2, frame.left, side);
  return window.to(at::kFloat).div_(255).sub_(per_channel(kMean)).div_(per_channel(kStd));
}

Prepared prepare(const Parameters& parameters, bool plain) {
  const auto images = parameters.integer("images"), width = parameters.integer("width"),
             height = parameters.integer("height"), side = parameters.integer("side");
  const auto scaled = [&](int64_t length) {
    return std::max(
        side, static_cast<int64_t>(static_cast<double>(length * side) / static_cast<double>(std::min(width, height))));
  };
  const auto corner = [&](int64_t length) {
    return static_cast<int64_t>(std::nearbyint(static_cast<double>(length - side) / 2));
  };
  kernels::ResizeFrame frame{scaled(width), scaled(height)};
  frame.left = corner(frame.width), frame.top = corner(frame.height);
  std::vector<at::Tensor> pictures;
  for (int64_t i = 0; i < images; ++i) pictures.push_back(picture(height, width, static_cast<uint32_t>(i + 1)));
  const std::vector<kernels::ResizeFrame> frames(pictures.size(), frame);
  const kernels::ResizeNormalizeOptions options{side, side, kernels::Filter::kBicubic, kMean, kStd};

  Prepared prepared;
  prepared.ours = [=] { return kernels::resize_normalize(pictures, frames, options); };
  if (plain)
    prepared.plain = [=] {
      std::vector<at::Tensor> windows;
      for (const auto& image : pictures) windows.push_back(composed(image, frame, side));
      return at::stack(windows);
    };
  prepared.bytes = static_cast<double>(images * (width * height * 3 + side * side * 12));
  // 4 taps of a stretched cubic an axis, three channels; across every row, down every row of the window.
  const double stretch = std::max(1.0, static_cast<double>(height) / static_cast<double>(frame.height));
  prepared.flops = static_cast<double>(images * side * 3 * (height + side)) * 2 * 4 * stretch;
  return prepared;
}

const BenchOp kResizeNormalize{"resize_normalize",
                               {{"images", "8"}, {"width", "500"}, {"height", "375"}, {"side", "224"}},
                               {{}, {{"images", "1"}}, {{"width", "2000"}, {"height", "1500"}}},
                               prepare};

}  // namespace
}  // namespace wordmask::check

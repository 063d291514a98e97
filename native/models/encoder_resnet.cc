#include "models/encoder_resnet.h"

#include "base/error.h"

namespace wordmask::models {

namespace {
torch::nn::ModuleList stage(int64_t& channels, int64_t planes, int64_t blocks, int64_t stride) {
  torch::nn::ModuleList result;
  for (int64_t i = 0; i < blocks; ++i) {
    result->push_back(StridedBottleneck(channels, planes, i == 0 ? stride : 1));
    channels = planes * StridedBottleneckImpl::kExpansion;
  }
  return result;
}
}  // namespace

StridedShortcutImpl::StridedShortcutImpl(int64_t in, int64_t out, int64_t stride) {
  conv = register_module("0", Conv(in, out, 1, stride));
  norm = register_module("1", BatchNorm(out));
}

at::Tensor StridedShortcutImpl::forward(const at::Tensor& x) { return conv->normed(x, *norm, /*relu=*/false); }

StridedBottleneckImpl::StridedBottleneckImpl(int64_t in, int64_t planes, int64_t stride) {
  const auto out = planes * kExpansion;
  conv1 = register_module("conv1", Conv(in, planes, 1));
  bn1 = register_module("bn1", BatchNorm(planes));
  conv2 = register_module("conv2", Conv(planes, planes, 3, stride, 1));
  bn2 = register_module("bn2", BatchNorm(planes));
  conv3 = register_module("conv3", Conv(planes, out, 1));
  bn3 = register_module("bn3", BatchNorm(out));
  if (stride > 1 || in != out) downsample = register_module("downsample", StridedShortcut(in, out, stride));
}

at::Tensor StridedBottleneckImpl::forward(const at::Tensor& x) {
  auto y = conv1->normed(x, *bn1, /*relu=*/true);
  y = conv2->normed(y, *bn2, /*relu=*/true);
  return conv3->normed(y, *bn3, /*relu=*/true, downsample ? downsample(x) : x);
}

EncoderResNetImpl::EncoderResNetImpl(const EncoderResNetConfig& config) {
  const int64_t width = config.width;
  conv1 = register_module("conv1", Conv(3, width, 7, 2, 3));
  bn1 = register_module("bn1", BatchNorm(width));
  channels_ = width;
  layer1 = register_module("layer1", stage(channels_, width, config.stages[0], 1));
  layer2 = register_module("layer2", stage(channels_, 2 * width, config.stages[1], 2));
  layer3 = register_module("layer3", stage(channels_, 4 * width, config.stages[2], 2));
  layer4 = register_module("layer4", stage(channels_, 8 * width, config.stages[3], 2));
}

at::Tensor EncoderResNetImpl::features(const at::Tensor& pixels) {
  WM_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.numel() > 0, code::kInvalidArgument,
           "Expected pixels [b, 3, H, W] but received ", pixels.sizes());
  auto x = conv1->normed(pixels, *bn1, /*relu=*/true);
  x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  for (const auto& blocks : {layer1, layer2, layer3, layer4}) {
    for (const auto& block : *blocks) x = block->as<StridedBottleneckImpl>()->forward(x);
  }
  return x.permute({0, 2, 3, 1});
}

}  // namespace wordmask::models

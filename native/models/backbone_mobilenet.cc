#include "models/backbone_mobilenet.h"

namespace wordmask::models {

namespace {
struct Stage {
  int64_t expansion, channels, blocks, stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr size_t kLowBlocks = 3;  // the output of features.3 has a quarter of the picture's size
}  // namespace

InvertedResidualImpl::InvertedResidualImpl(int64_t in, int64_t out, int64_t stride, int64_t dilation, int64_t expansion)
    : shortcut(stride == 1 && in == out) {
  const auto conv = register_module("conv", std::make_shared<Numbered>());
  const int64_t hidden = in * expansion;
  int64_t i = 0;
  if (expansion != 1) expand = conv->add(i++, ConvNorm(in, hidden, 1));
  depthwise = conv->add(i++, ConvNorm(hidden, hidden, 3, stride, dilation, hidden));
  narrow = conv->add(i++, Conv(hidden, out, 1));
  norm = conv->add(i++, BatchNorm(out));
}

at::Tensor InvertedResidualImpl::forward(const at::Tensor& x) {
  const auto y = depthwise->relu6(expand ? expand->relu6(x) : x);
  return narrow->normed(y, *norm, /*relu=*/false, shortcut ? x : at::Tensor());
}

MobileNetBackbone::MobileNetBackbone(const DeepLabConfig& config) {
  const auto features = register_module("features", std::make_shared<Numbered>());
  int64_t in = scaled_channels(32, config.width), stride = 2, dilation = 1, next = 0;
  stem = features->add(next++, ConvNorm(3, in, 3, 2));
  for (const auto& stage : kStages) {
    const bool dilate = stride * stage.stride > config.output_stride;
    const int64_t before = dilation, step = dilate ? 1 : stage.stride;
    if (dilate) dilation *= stage.stride;
    stride *= step;
    const int64_t out = scaled_channels(stage.channels, config.width);
    for (int64_t i = 0; i < stage.blocks; ++i, in = out)
      blocks.push_back(features->add(
          next++, InvertedResidual(in, out, i == 0 ? step : 1, i == 0 ? before : dilation, stage.expansion)));
  }
  low_channels = scaled_channels(kStages[1].channels, config.width);
  channels = in;
}

BackboneFeatures MobileNetBackbone::forward(const at::Tensor& pixels) {
  BackboneFeatures features;
  auto x = stem->relu6(pixels);
  for (size_t i = 0; i < blocks.size(); ++i) {
    x = blocks[i]->forward(x);
    if (i + 1 == kLowBlocks) features.low = x;
  }
  features.high = x;
  return features;
}

std::shared_ptr<Backbone> make_mobilenet(const DeepLabConfig& config) {
  return std::make_shared<MobileNetBackbone>(config);
}

}  // namespace wordmask::models

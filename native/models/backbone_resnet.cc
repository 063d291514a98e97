#include "models/backbone_resnet.h"

namespace wordmask::models {

namespace {
constexpr int64_t kExpansion = 4;

at::Tensor run(std::vector<DilatedBottleneck>& blocks, at::Tensor x) {
  for (auto& block : blocks) x = block->forward(x);
  return x;
}
}  // namespace

DilatedBottleneckImpl::DilatedBottleneckImpl(int64_t in, int64_t planes, int64_t stride, int64_t dilation) {
  const int64_t out = planes * kExpansion;
  conv1 = register_module("conv1", Conv(in, planes, 1));
  bn1 = register_module("bn1", BatchNorm(planes));
  conv2 = register_module("conv2", Conv(planes, planes, 3, stride, dilation, /*biased=*/false, dilation));
  bn2 = register_module("bn2", BatchNorm(planes));
  conv3 = register_module("conv3", Conv(planes, out, 1));
  bn3 = register_module("bn3", BatchNorm(out));
  if (stride > 1 || in != out) downsample = register_module("downsample", ConvNorm(in, out, 1, stride));
}

at::Tensor DilatedBottleneckImpl::forward(const at::Tensor& x) {
  auto y = conv1->normed(x, *bn1, /*relu=*/true);
  y = conv2->normed(y, *bn2, /*relu=*/true);
  return conv3->normed(y, *bn3, /*relu=*/true, downsample ? downsample->linear(x) : x);
}

ResNetBackbone::ResNetBackbone(const DeepLabConfig& config) {
  const int64_t width = scaled_channels(64, config.width);
  conv1 = register_module("conv1", Conv(3, width, 7, 2, 3));
  bn1 = register_module("bn1", BatchNorm(width));
  const auto layers = resnet_layers(config);
  int64_t in = width, stride = 4, dilation = 1;
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t planes = width << stage, wanted = stage == 0 ? 1 : 2;
    const bool dilate = stride * wanted > config.output_stride;
    const int64_t before = dilation, step = dilate ? 1 : wanted;
    if (dilate) dilation *= wanted;
    stride *= step;
    const auto layer = register_module("layer" + std::to_string(stage + 1), std::make_shared<Numbered>());
    for (int i = 0; i < layers[stage]; ++i, in = planes * kExpansion)
      stages[stage].push_back(
          layer->add(i, DilatedBottleneck(in, planes, i == 0 ? step : 1, i == 0 ? before : dilation)));
  }
  low_channels = width * kExpansion;
  channels = in;
}

BackboneFeatures ResNetBackbone::forward(const at::Tensor& pixels) {
  auto x = conv1->normed(pixels, *bn1, /*relu=*/true);
  x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  const auto low = run(stages[0], x);
  return {low, run(stages[3], run(stages[2], run(stages[1], low)))};
}

std::shared_ptr<Backbone> make_resnet(const DeepLabConfig& config) { return std::make_shared<ResNetBackbone>(config); }

}  // namespace wordmask::models

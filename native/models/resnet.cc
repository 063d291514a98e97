#include "models/resnet.h"

namespace wordmask::models {

namespace {
constexpr int64_t kStride = 32;

torch::nn::ModuleList stage(int64_t& channels, int64_t planes, int64_t blocks, int64_t stride) {
  torch::nn::ModuleList result;
  for (int64_t i = 0; i < blocks; ++i) {
    result->push_back(Bottleneck(channels, planes, i == 0 ? stride : 1));
    channels = planes * BottleneckImpl::kExpansion;
  }
  return result;
}

at::Tensor run(const torch::nn::ModuleList& blocks, at::Tensor x) {
  for (const auto& block : *blocks) x = block->as<BottleneckImpl>()->forward(x);
  return x;
}
}  // namespace

ResNetImpl::ResNetImpl(const ClipConfig& config) {
  const auto& vision = config.vision;
  const int64_t width = vision.width;
  conv1 = register_module("conv1", Conv(3, width / 2, 3, 2, 1));
  bn1 = register_module("bn1", BatchNorm(width / 2));
  conv2 = register_module("conv2", Conv(width / 2, width / 2, 3, 1, 1));
  bn2 = register_module("bn2", BatchNorm(width / 2));
  conv3 = register_module("conv3", Conv(width / 2, width, 3, 1, 1));
  bn3 = register_module("bn3", BatchNorm(width));
  int64_t channels = width;
  layer1 = register_module("layer1", stage(channels, width, vision.stages[0], 1));
  layer2 = register_module("layer2", stage(channels, 2 * width, vision.stages[1], 2));
  layer3 = register_module("layer3", stage(channels, 4 * width, vision.stages[2], 2));
  layer4 = register_module("layer4", stage(channels, 8 * width, vision.stages[3], 2));
  attnpool =
      register_module("attnpool", AttentionPool(vision.image_size / kStride, channels, vision.heads, config.embed_dim));
}

at::Tensor ResNetImpl::trunk(const at::Tensor& pixels) {
  auto x = conv1->normed(pixels, *bn1, /*relu=*/true);
  x = conv2->normed(x, *bn2, /*relu=*/true);
  x = conv3->normed(x, *bn3, /*relu=*/true);
  x = at::avg_pool2d(x, {2, 2});
  return run(layer4, run(layer3, run(layer2, run(layer1, x))));
}

at::Tensor ResNetImpl::forward(const at::Tensor& pixels) { return attnpool->forward(trunk(pixels)); }

at::Tensor ResNetImpl::padded_trunk(const at::Tensor& pixels) {
  const auto below = std::max<int64_t>(0, kStride - pixels.size(2)),
             right = std::max<int64_t>(0, kStride - pixels.size(3));
  return trunk(below || right ? at::constant_pad_nd(pixels, {0, right, 0, below}) : pixels);
}

at::Tensor ResNetImpl::dense(const at::Tensor& pixels) { return attnpool->value(padded_trunk(pixels)); }

at::Tensor ResNetImpl::cells(const at::Tensor& pixels) { return padded_trunk(pixels).permute({0, 2, 3, 1}); }

}  // namespace wordmask::models

#include "models/bottleneck.h"

namespace wordmask::models {

namespace {
at::Tensor pooled(const at::Tensor& x, int64_t stride) { return stride > 1 ? at::avg_pool2d(x, {stride, stride}) : x; }
}  // namespace

DownsampleImpl::DownsampleImpl(int64_t in, int64_t out, int64_t stride) : stride(stride) {
  conv = register_module("0", Conv(in, out, 1));
  norm = register_module("1", BatchNorm(out));
}

at::Tensor DownsampleImpl::forward(const at::Tensor& x) {
  return conv->normed(pooled(x, stride), *norm, /*relu=*/false);
}

BottleneckImpl::BottleneckImpl(int64_t in, int64_t planes, int64_t stride) : stride(stride) {
  const auto out = planes * kExpansion;
  conv1 = register_module("conv1", Conv(in, planes, 1));
  bn1 = register_module("bn1", BatchNorm(planes));
  conv2 = register_module("conv2", Conv(planes, planes, 3, 1, 1));
  bn2 = register_module("bn2", BatchNorm(planes));
  conv3 = register_module("conv3", Conv(planes, out, 1));
  bn3 = register_module("bn3", BatchNorm(out));
  if (stride > 1 || in != out) downsample = register_module("downsample", Downsample(in, out, stride));
}

at::Tensor BottleneckImpl::forward(const at::Tensor& x) {
  auto y = conv1->normed(x, *bn1, /*relu=*/true);
  y = conv2->normed(y, *bn2, /*relu=*/true);
  return conv3->normed(pooled(y, stride), *bn3, /*relu=*/true, downsample ? downsample(x) : x);
}

}  // namespace wordmask::models

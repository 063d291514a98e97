#include "models/deeplab_config.h"

#include <algorithm>

#include "base/error.h"

namespace wordmask::models {

std::array<int, 4> resnet_layers(const DeepLabConfig& config) {
  if (config.layers.empty()) return {3, 4, config.backbone == DeepLabConfig::Backbone::kResNet101 ? 23 : 6, 3};
  return {config.layers[0], config.layers[1], config.layers[2], config.layers[3]};
}

int64_t scaled_channels(int64_t channels, double width) {
  if (width == 1) return channels;
  const double wanted = static_cast<double>(channels) * width;
  const auto rounded = std::max<int64_t>(8, static_cast<int64_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

void check_config(const DeepLabConfig& config) {
  constexpr int kMostClasses = 4096;
  WM_CHECK(config.classes >= 1 && config.classes <= kMostClasses, code::kInvalidArgument, "Expected 1 to ",
           kMostClasses, " classes but received ", config.classes);
  WM_CHECK(config.output_stride == 8 || config.output_stride == 16, code::kInvalidArgument,
           "Expected 8 or 16 for outputStride but received ", config.output_stride);
  WM_CHECK(config.width > 0 && config.width <= 4, code::kInvalidArgument,
           "Expected a width above 0 and at most 4 but received ", config.width);
  const bool resnet = config.backbone != DeepLabConfig::Backbone::kMobileNetV2;
  WM_CHECK(config.layers.empty() || (resnet && config.layers.size() == 4), code::kInvalidArgument,
           "Expected 4 numbers for layers, of a ResNet, but received ", config.layers.size());
  for (const int blocks : config.layers)
    WM_CHECK(blocks >= 1 && blocks <= 1000, code::kInvalidArgument, "Expected 1 to 1000 for layers[i] but received ",
             blocks);
}

}  // namespace wordmask::models

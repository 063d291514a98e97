#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace wordmask::models {

// Field names are those of binding.d.ts (DeepLabConfig).
struct DeepLabConfig {
  enum class Backbone { kResNet101, kResNet50, kMobileNetV2 };
  Backbone backbone = Backbone::kResNet101;
  int classes = 2;          // channels of the logits
  int output_stride = 8;    // 8 or 16: pixels a cell of the last stage is wide; dilation keeps the receptive field
  double width = 1;         // multiplies every number of channels but the classes; 1 is the published network
  std::vector<int> layers;  // ResNet: blocks of the four stages; empty: the published ones
};

// Blocks of the four stages of the config's ResNet.
std::array<int, 4> resnet_layers(const DeepLabConfig& config);

// channels x width to a multiple of 8, at most a tenth below (torchvision's _make_divisible).
int64_t scaled_channels(int64_t channels, double width);

// Checks sizes; names the field that does not fit.
void check_config(const DeepLabConfig& config);

}  // namespace wordmask::models

#include "bindings/deeplab_config.h"

namespace wordmask::bindings {

models::DeepLabConfig read_deeplab_config(const Argument& argument) {
  using Backbone = models::DeepLabConfig::Backbone;
  models::DeepLabConfig config;
  const auto name = argument["backbone"].one_of({"resnet101", "resnet50", "mobilenet_v2"});
  config.backbone = name == "resnet101"  ? Backbone::kResNet101
                    : name == "resnet50" ? Backbone::kResNet50
                                         : Backbone::kMobileNetV2;
  config.classes = static_cast<int>(argument["classes"].integer(1, 4096));
  config.output_stride = static_cast<int>(argument["outputStride"].integer(1, 64));
  config.width = argument["width"].number(0, 4);
  if (const Argument layers = argument["layers"]; layers.given())
    for (uint32_t i = 0; i < layers.length(); ++i)
      config.layers.push_back(static_cast<int>(layers.at(i).integer(1, 1000)));
  models::check_config(config);
  return config;
}

}  // namespace wordmask::bindings

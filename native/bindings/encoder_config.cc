#include "bindings/convert.h"

namespace wordmask::bindings {
namespace {

constexpr int kMaxWidth = 1 << 16;
constexpr int kMaxLayers = 1000;
constexpr int kMaxRegisters = 1024;

int size(const Argument& object, const char* key, int high = kMaxWidth) {
  return static_cast<int>(object[key].integer(1, high));
}

models::EncoderVitConfig read_vit(const Argument& argument) {
  models::EncoderVitConfig config;
  config.image_size = size(argument, "imageSize");
  config.patch_size = size(argument, "patchSize");
  config.width = size(argument, "width");
  config.layers = size(argument, "layers", kMaxLayers);
  config.heads = size(argument, "heads");
  config.mlp_width = size(argument, "mlpWidth");
  config.layer_norm_eps = argument["layerNormEps"].number(0, 1);
  config.distilled = argument["distilled"].boolean();
  config.registers = static_cast<int>(argument["registers"].integer(0, kMaxRegisters));
  config.layer_scale = argument["layerScale"].boolean();
  config.pad = argument["partial"].one_of({"drop", "pad"}) == "pad";
  const Argument positions = argument["positions"];
  config.positions.offset = positions["offset"].number(0, 1);
  config.positions.antialias = positions["antialias"].boolean();
  config.positions.by_count = positions["byCount"].boolean();
  return config;
}

models::EncoderResNetConfig read_resnet(const Argument& argument) {
  models::EncoderResNetConfig config;
  config.width = size(argument, "width");
  const Argument stages = argument["layers"];
  if (stages.length() != 4) stages.wrong("an array of 4 block counts");
  for (uint32_t i = 0; i < 4; ++i) config.stages.push_back(static_cast<int>(stages.at(i).integer(1, kMaxLayers)));
  return config;
}

models::EncoderClipConfig read_clip(const Argument& argument) {
  const bool dense = argument["read"].one_of({"dense", "cells"}) == "dense";
  models::EncoderClipConfig config;
  config.read = dense ? models::EncoderClipConfig::Read::kDense : models::EncoderClipConfig::Read::kCells;
  config.clip = read_clip_config(argument["clip"]);
  if (const Argument layer = argument["layer"]; layer.given()) {
    config.layer = static_cast<int>(layer.integer(1, kMaxLayers));
  }
  return config;
}

}  // namespace

models::EncoderConfig read_encoder_config(const Argument& argument) {
  models::EncoderConfig config;
  const auto kind = argument["kind"].one_of({"vit", "resnet", "clip"});
  if (kind == "vit") {
    config.tower = read_vit(argument);
  } else if (kind == "resnet") {
    config.tower = read_resnet(argument);
  } else {
    config.tower = read_clip(argument);
  }
  config.prefix = argument["prefix"].string();
  return config;
}

}  // namespace wordmask::bindings

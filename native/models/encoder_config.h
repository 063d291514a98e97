#pragma once
#include <variant>

#include "models/config.h"
#include "models/position_table.h"

namespace wordmask::models {

// Field names are those of binding.d.ts and of the cards in models/cards.

// DeiT, DINO and DINOv2.
struct EncoderVitConfig {
  int image_size = 224;  // side of the square that the position table is for
  int patch_size = 16;
  int width = 384;
  int layers = 12;
  int heads = 6;
  int mlp_width = 1536;
  double layer_norm_eps = 1e-6;
  bool distilled = false;    // a second token beside the class token, with a position of its own
  int registers = 0;         // tokens without a position between the class token and the patches
  bool layer_scale = false;  // what a branch adds is multiplied by a gain a channel
  bool pad = false;          // zeros right and below up to whole patches; else what is left over is dropped
  PositionResize positions;  // `special` is set by the tower
};

// torchvision's ResNet with bottlenecks, of which MoCo is one.
struct EncoderResNetConfig {
  int width = 64;
  std::vector<int> stages;
};

// The image tower of a CLIP: its dense features as ClipConfig::dense says, or the cells of its last layer before they
// are projected into the space of the texts.
struct EncoderClipConfig {
  enum class Read { kDense, kCells } read = Read::kDense;
  ClipConfig clip;
  int layer = 0;  // a ViT is read as if this block, counted from 1, were its last; 0: the last that it has
};

struct EncoderConfig {
  std::variant<EncoderVitConfig, EncoderResNetConfig, EncoderClipConfig> tower;
  std::string prefix;  // what stands before the tower's keys in the file; keys without it are not the tower's
};

}  // namespace wordmask::models

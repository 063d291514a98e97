#pragma once
#include "models/text.h"
#include "models/vision_tower.h"
#include "models/vit.h"

namespace wordmask::models {

// Two towers and the logit scale, in OpenAI's names: `visual.*`, the text tower at the root, `logit_scale`.
struct ClipImpl : TextImpl {
  explicit ClipImpl(const ClipConfig& config);

  at::Tensor encode_image(const at::Tensor& pixels) { return visual->forward(pixels); }  // [b, 3, s, s] -> [b, embed]
  VitImpl& vit();  // ERR_WORDMASK_INVALID_ARGUMENT when the image tower is a ResNet

  ClipConfig config;
  std::shared_ptr<VisionTower> visual;
  at::Tensor logit_scale;  // [], log of the scale
};
TORCH_MODULE(Clip);

// Whether a tensor of the model stays float32 when the model computes in another dtype: norms, statistics, embeddings
// and the logit scale. Everything else feeds matrix products.
bool stays_float32(const std::string& key);

// The image tower alone.
std::shared_ptr<VisionTower> make_vision_tower(const ClipConfig& config);

// Checks that sizes are positive and divide as the modules need; names the field that does not.
void check_config(const ClipConfig& config);

}  // namespace wordmask::models

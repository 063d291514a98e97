#pragma once
#include <torch/nn/modules/container/modulelist.h>

#include "models/conv.h"
#include "models/encoder.h"
#include "models/encoder_vit_block.h"

namespace wordmask::models {

struct PatchEmbedImpl : torch::nn::Module {
  PatchEmbedImpl(int64_t width, int64_t patch) {
    proj = register_module("proj", Conv(3, width, patch, patch, /*padding=*/0, /*biased=*/true));
  }
  Conv proj{nullptr};
};
TORCH_MODULE(PatchEmbed);

// The vision transformer of DeiT, DINO and DINOv2: tokens [class, distillation?, registers, patches]; positions of all
// but the registers; blocks; a last norm. Features are the patches after it.
struct EncoderVitImpl : EncoderTower {
  explicit EncoderVitImpl(const EncoderVitConfig& config);
  at::Tensor features(const at::Tensor& pixels) override;
  int64_t cell() const override { return config_.patch_size; }
  int64_t channels() const override { return config_.width; }

  at::Tensor cls_token, dist_token, register_tokens;  // [1, 1, width], [1, 1, width], [1, registers, width]
  at::Tensor pos_embed;                               // [1, 1 + distilled + g * g, width]
  PatchEmbed patch_embed{nullptr};
  torch::nn::ModuleList blocks;
  LayerNorm norm{nullptr};

 private:
  at::Tensor whole_patches(const at::Tensor& pixels) const;
  at::Tensor embed(const at::Tensor& pixels);      // [b, tokens, width]
  at::Tensor transform(const at::Tensor& tokens);  // through the blocks and the last norm

  EncoderVitConfig config_;
  PositionCache cache_;
};
TORCH_MODULE(EncoderVit);

}  // namespace wordmask::models

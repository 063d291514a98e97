#pragma once
#include "models/config.h"
#include "models/conv.h"
#include "models/position_table.h"
#include "models/transformer.h"
#include "models/vision_tower.h"

namespace wordmask::models {

// OpenAI's vision transformer: class token, learned positions, ln_pre, blocks, ln_post, proj.
struct VitImpl : VisionTower {
  explicit VitImpl(const ClipConfig& config);

  // Pixels of any size, zero-padded right and below to whole patches; positions are resized to the grid.
  at::Tensor forward(const at::Tensor& pixels) override;
  // The same at given positions [1 + h * w, width], for example a window (window_position).
  at::Tensor forward(const at::Tensor& pixels, const at::Tensor& position);

  // Class-token embedding and, of the last block, proj(ln_post(out_proj(v))) of every patch; one pass, for training.
  struct Embeddings {
    at::Tensor pooled;   // [b, embed]
    at::Tensor patches;  // [b, h * w, embed]
  };
  Embeddings forward_with_patches(const at::Tensor& pixels, const at::Tensor& position);

  at::Tensor dense(const at::Tensor& pixels) override;
  at::Tensor cells(const at::Tensor& pixels) override;
  int64_t cell() const override { return conv1->weight.size(2); }
  at::Tensor position(int64_t h, int64_t w);  // [1 + h * w, width], resized where needed

  at::Tensor class_embedding, positional_embedding, proj;
  Conv conv1{nullptr};
  LayerNorm ln_pre{nullptr}, ln_post{nullptr};
  Transformer transformer{nullptr};

 private:
  struct Tokens {
    at::Tensor tokens;  // [b, 1 + h * w, width], after ln_pre
    int64_t h, w;
  };
  Tokens embed(const at::Tensor& pixels, const at::Tensor& position);
  at::Tensor read_out(const at::Tensor& tokens) const;  // proj(ln_post(tokens))

  ClipConfig::Dense dense_;
  PositionCache cache_;
};
TORCH_MODULE(Vit);

}  // namespace wordmask::models

#pragma once
#include <torch/nn/module.h>

namespace wordmask::models {

// What ViT and ModifiedResNet have in common. Pixels are normalised float32 [b, 3, H, W].
struct VisionTower : torch::nn::Module {
  virtual at::Tensor forward(const at::Tensor& pixels) = 0;  // [b, 3, s, s] -> [b, embed]
  // Value-path features of every cell, not normalised: [b, 3, H, W] -> [b, h, w, embed], any H and W.
  virtual at::Tensor dense(const at::Tensor& pixels) = 0;
  // The last layer's cells before they are projected, not normalised: a ViT's tokens after the last norm, a ResNet's
  // feature map. Grid as that of dense(). [b, 3, H, W] -> [b, h, w, width].
  virtual at::Tensor cells(const at::Tensor& pixels) = 0;
  virtual int64_t cell() const = 0;  // pixels a cell of the grid is wide
};

}  // namespace wordmask::models

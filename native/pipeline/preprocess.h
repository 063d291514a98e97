#pragma once
#include "pipeline/clip.h"

namespace wordmask::pipeline {

// Pillow's resize on bytes (antialiased; at most 2/255 away) to exactly width x height -> uint8 [3, height, width].
at::Tensor resize(const ImageU8& image, int width, int height, bool bicubic);

// The reference transform of CLIP: shorter side to `size`, centre crop, / 255, mean and std -> float32 [3, size, size].
at::Tensor preprocess(const ImageU8& image, int size, const ResizeOptions& options);

// uint8 [3, h, w] -> float32 (x / 255 - mean) / std.
at::Tensor normalize(const at::Tensor& pixels, const ResizeOptions& options);

}  // namespace wordmask::pipeline

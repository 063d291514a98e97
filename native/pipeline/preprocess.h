#pragma once
#include <span>

#include "pipeline/clip.h"

namespace wordmask::pipeline {

// Pillow's resize (antialiased, byte for byte) to exactly width x height, / 255, mean and std -> float32 [3, height,
// width].
at::Tensor resize(const ImageU8& image, int width, int height, const ResizeOptions& options);

// The reference transform of CLIP: shorter side to `size`, centre crop, / 255, mean and std -> float32 [3, size, size].
at::Tensor preprocess(const ImageU8& image, int size, const ResizeOptions& options);

// The same of several images, which share the threads: [n, 3, size, size].
at::Tensor preprocess(std::span<const ImageU8* const> images, int size, const ResizeOptions& options);

}  // namespace wordmask::pipeline

#pragma once
#include <ATen/core/Tensor.h>

#include "base/image.h"
#include "train/random.h"

namespace wordmask::train {

// Two looks at a picture with side / p by side / p patches of p pixels each: both recoloured and mirrored by chance
// (picture_to_patches), the second a window of it besides, magnified up to 1.7 times. `first` and `second` get the
// patches [N, 3 * p * p]; `shown` [N] the patch of the first look in which the middle of each of the second lies.
void draw_views(const ImageU8& image, int patch, Random& random, float* first, float* second, int64_t* shown);

// Patch of the first look that shows the middle of patch `at` of the second, a window at (left, top) of the picture
// scaled to `scaled` pixels a side.
struct ViewWindow {
  int side = 0, patch = 0, scaled = 0, left = 0, top = 0;
  bool first_mirrored = false, second_mirrored = false;
  int64_t shown(int64_t at) const;
};

}  // namespace wordmask::train

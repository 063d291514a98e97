#pragma once
#include "base/image.h"
#include "train/random.h"

namespace wordmask::train {

// Photometric changes of a whole square picture, so that a drawing style is not told by its colours: mirror, gain,
// contrast, hue (within 25 degrees: captions may name colours of things), saturation, grey (15 %), gamma, slight blur,
// noise. Writes normalised pixels as patches [side / p * side / p, 3 * p * p] in (channel, y, x) order. random ==
// nullptr leaves the picture as it is. -> whether it was mirrored
bool picture_to_patches(const ImageU8& image, int patch, Random* random, float* out);

}  // namespace wordmask::train

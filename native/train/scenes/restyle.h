#pragma once
#include "train/scenes/rng.h"
#include "train/scenes/sprite.h"

namespace wordmask::train {

// Redraws a sprite (straight alpha) in a style of its own, for training only: about half of the sprites stay as they
// are; the others get a random mix of hue, saturation, tone, posterised or replaced colours, outlines, inner lines,
// coarser pixels. The result may be a few pixels larger (room for the outline).
Sprite restyle(const Sprite& sprite, Rng& rng);

}  // namespace wordmask::train

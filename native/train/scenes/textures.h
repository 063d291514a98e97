#pragma once
#include <string>

#include "train/scenes/rng.h"
#include "train/scenes/sprite.h"

namespace wordmask::train {

// The procedural backgrounds, in the order of `texture_names`. Sizes of their details are those of a 96 px picture;
// `scale` (in 1/256) enlarges them. On a picture that is not painted they only draw their random numbers.
using Paint = void (*)(Sprite& picture, Rng& rng, int scale);

// nullptr for a name that nothing paints.
Paint find_texture(const std::string& name);

// --- built of noise (textures_soft.cc) ---
void paint_grass(Sprite&, Rng&, int scale);
void paint_sea(Sprite&, Rng&, int scale);
void paint_sky(Sprite&, Rng&, int scale);
void paint_sand(Sprite&, Rng&, int scale);
void paint_snow(Sprite&, Rng&, int scale);
void paint_night_sky(Sprite&, Rng&, int scale);
// --- with parts (textures_built.cc) ---
void paint_brick_wall(Sprite&, Rng&, int scale);
void paint_wood_floor(Sprite&, Rng&, int scale);
void paint_road(Sprite&, Rng&, int scale);
void paint_forest(Sprite&, Rng&, int scale);

}  // namespace wordmask::train

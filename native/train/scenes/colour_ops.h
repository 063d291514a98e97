#pragma once
#include <array>
#include <cstdint>

#include "train/scenes/rng.h"
#include "train/scenes/sprite.h"

namespace wordmask::train {

using Rgb = std::array<int, 3>;

inline int luma(const uint8_t* p) { return (77 * p[0] + 150 * p[1] + 29 * p[2]) >> 8; }

// A saturated or pale or dark colour; channels 0 .. 255.
Rgb random_colour(Rng& rng);

// Colours only, alpha untouched, straight alpha.
void turn_hue(Sprite& sprite, int tangent,
              bool far_half);               // tangent of half the angle in 1/4096, |.| <= 4096: within 90 degrees
void saturate(Sprite& sprite, int amount);  // 256 leaves it, 0 is grey
void tone(Sprite& sprite, int gamma, int contrast);    // gamma -128 darkens .. 128 lightens; contrast 256 leaves it
void swap_channels(Sprite& sprite, int order);         // 0 .. 5
void posterise(Sprite& sprite, int levels);            // levels a channel, >= 2
void recolour(Sprite& sprite, Rng& rng, int colours);  // brightness -> one of 2 .. 4 random colours, dark stays darker

}  // namespace wordmask::train

#include <algorithm>

#include "train/scenes/noise.h"
#include "train/scenes/ramp.h"
#include "train/scenes/textures.h"

namespace wordmask::train {
namespace {

void colour(Sprite& picture, const Field& field, const Ramp& ramp) {
  uint8_t* p = picture.rgba.data();
  for (const int v : field.values) {
    put(p, ramp.at(v));
    p += 4;
  }
}

}  // namespace

void paint_grass(Sprite& picture, Rng& rng, int scale) {
  Field field(picture);
  add_noise(field, rng, {2, 4}, {6, 11}, scale, 75);
  add_noise(field, rng, {18, 40}, {12, 30}, scale, 55);
  add_noise(field, rng, scaled(1, scale), scaled(3, scale), 45);
  const Rgb dark = vary(rng, {38, 92, 28}, 22), light = vary(rng, {130, 190, 62}, 30);
  colour(picture, field, {dark, blend(dark, light, 128), light});
}

void paint_sea(Sprite& picture, Rng& rng, int scale) {
  Field field(picture);
  const int wave = rng.between(10, 22);
  add_noise(field, rng, scaled(wave, scale), scaled(3, scale), 60);
  add_noise(field, rng, scaled(2 * wave, scale), scaled(7, scale), 50);
  add_noise(field, rng, scaled(wave / 3, scale), scaled(2, scale), 35);
  const int far = rng.between(-40, 40), crest = rng.between(95, 140);
  const Rgb deep = vary(rng, {14, 74, 132}, 24), shallow = vary(rng, {58, 156, 190}, 32),
            foam = vary(rng, {222, 240, 246}, 10);
  if (!picture.painted()) return;
  for (int y = 0; y < field.size; ++y)
    for (int x = 0; x < field.size; ++x) field.row(y)[x] += far * (field.size - 2 * y) / field.size;
  colour(picture, field, {deep, shallow});
  for (int y = 0; y < field.size; ++y)
    for (int x = 0; x < field.size; ++x)
      if (field.at(x, y) > crest) put(picture.at(x, y), foam);
}

void paint_sky(Sprite& picture, Rng& rng, int scale) {
  Field field(picture);
  const int cloud = rng.between(22, 46);
  add_noise(field, rng, scaled(cloud, scale), scaled(cloud * 2 / 3, scale), 100);
  add_noise(field, rng, scaled(cloud / 2, scale), scaled(cloud / 4, scale), 55);
  add_noise(field, rng, scaled(cloud / 4, scale), scaled(cloud / 6, scale), 28);
  const bool evening = rng.percent(15);
  const Rgb top = vary(rng, evening ? Rgb{92, 112, 178} : Rgb{74, 146, 222}, 26);
  const Rgb bottom = vary(rng, evening ? Rgb{246, 178, 122} : Rgb{176, 216, 244}, 22);
  const Rgb white = vary(rng, evening ? Rgb{250, 208, 180} : Rgb{246, 248, 252}, 8);
  const int clear = rng.between(-20, 150), soft = rng.between(2, 6);
  if (!picture.painted()) return;
  for (int y = 0; y < field.size; ++y) {
    const Rgb here = blend(top, bottom, y * 256 / field.size);
    for (int x = 0; x < field.size; ++x)
      put(picture.at(x, y), blend(here, white, std::clamp((field.at(x, y) - clear) * soft, 0, 240)));
  }
}

void paint_sand(Sprite& picture, Rng& rng, int scale) {
  Field field(picture);
  add_noise(field, rng, {24, 44}, {14, 30}, scale, 45);
  if (rng.percent(50)) {  // ripples of the wind: a triangle wave along y, bent by noise
    Field bend(picture);
    add_noise(bend, rng, scaled(30, scale), scaled(22, scale), 12 * scale >> 8);
    const int period = scaled(rng.between(8, 15), scale), depth = rng.between(25, 55);
    for (int y = 0; picture.painted() && y < field.size; ++y)
      for (int x = 0; x < field.size; ++x) {
        const int phase = ((y + bend.at(x, y)) % period + period) % period * 256 / period;
        field.row(y)[x] += (phase < 128 ? phase : 256 - phase) * depth / 64 - depth;
      }
  }
  add_grain(field, rng, rng.between(30, 60));
  const Rgb dark = vary(rng, {176, 138, 86}, 18), light = vary(rng, {244, 222, 172}, 14);
  colour(picture, field, {dark, blend(dark, light, 150), light});
}

void paint_snow(Sprite& picture, Rng& rng, int scale) {
  Field field(picture);
  add_noise(field, rng, {26, 52}, {12, 26}, scale, 85);
  add_noise(field, rng, scaled(10, scale), scaled(6, scale), 28);
  add_grain(field, rng, rng.between(8, 26));
  const Rgb shade = vary(rng, {172, 190, 218}, 16), white = vary(rng, {248, 250, 254}, 6);
  colour(picture, field, {shade, blend(shade, white, 170), white, white});
}

void paint_night_sky(Sprite& picture, Rng& rng, int scale) {
  Field field(picture);
  add_noise(field, rng, {26, 50}, {18, 40}, scale, 90);
  add_noise(field, rng, scaled(9, scale), scaled(7, scale), 30);
  const Rgb top = vary(rng, {10, 12, 36}, 10), bottom = vary(rng, {34, 36, 88}, 20),
            haze = vary(rng, {70, 60, 120}, 24);
  for (int y = 0; picture.painted() && y < field.size; ++y) {
    const Rgb here = blend(top, bottom, y * 256 / field.size);
    for (int x = 0; x < field.size; ++x) put(picture.at(x, y), blend(here, haze, std::clamp(field.at(x, y), 0, 140)));
  }
  const int stars = field.size * field.size * rng.between(30, 120) / 10000 * 256 / scale * 256 / scale;
  const int large = std::max(1, scale >> 8);
  for (int i = 0; i < stars; ++i) {
    const int x = rng.below(field.size), y = rng.below(field.size), side = rng.percent(20) ? large + 1 : large;
    const Rgb light = blend({120, 120, 150}, {255, 252, 232}, rng.below(257));
    if (!picture.painted()) continue;
    for (int v = y; v < std::min(y + side, field.size); ++v)
      for (int u = x; u < std::min(x + side, field.size); ++u) put(picture.at(u, v), light);
  }
}

}  // namespace wordmask::train

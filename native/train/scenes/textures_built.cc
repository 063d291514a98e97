#include <algorithm>
#include <cstring>

#include "train/scenes/noise.h"
#include "train/scenes/ramp.h"
#include "train/scenes/textures.h"

namespace wordmask::train {
namespace {

Rgb lighter(const Rgb& colour, int by) { return {colour[0] + by, colour[1] + by, colour[2] + by}; }

// Signed value of -range .. range belonging to one brick, plank or trunk.
int tone_of(uint64_t key, int column, int row, int range) {
  return static_cast<int>(hash2(key, column, row) >> 16) * (2 * range + 1) / 65536 - range;
}

}  // namespace

void paint_brick_wall(Sprite& picture, Rng& rng, int scale) {
  const int size = picture.width;
  Field field(picture);
  add_noise(field, rng, scaled(4, scale), scaled(3, scale), 16);
  add_grain(field, rng, 12);
  const int height = scaled(rng.between(6, 11), scale), width = height * rng.between(20, 28) / 10;
  const int joint = std::max(1, height * rng.between(10, 22) / 100), contrast = rng.between(10, 34);
  static constexpr int kinds[4][3] = {{168, 74, 54}, {140, 84, 62}, {188, 112, 78}, {152, 60, 58}};
  const auto& kind = kinds[rng.below(4)];
  const Rgb brick = vary(rng, {kind[0], kind[1], kind[2]}, 16);
  const Rgb mortar = vary(rng, rng.percent(70) ? Rgb{196, 188, 176} : Rgb{92, 84, 80}, 14);
  const int phase_x = rng.below(width), phase_y = rng.below(height);
  const uint64_t key = rng.next();
  if (!picture.painted()) return;
  for (int y = 0; y < size; ++y) {
    const int row = (y + phase_y) / height, in_y = (y + phase_y) % height;
    const int shift = phase_x + (row & 1) * (width / 2);
    for (int x = 0; x < size; ++x) {
      const int column = (x + shift) / width, in_x = (x + shift) % width;
      const bool gap = in_y < joint || in_x < joint;
      const int light = field.at(x, y) + (gap ? 0 : tone_of(key, column, row, contrast));
      put(picture.at(x, y), lighter(gap ? mortar : brick, light));
    }
  }
}

void paint_wood_floor(Sprite& picture, Rng& rng, int scale) {
  const int size = picture.width;
  Field field(picture);
  const int fine = scaled(rng.between(2, 3), scale), along = scaled(rng.between(26, 50), scale);
  add_noise(field, rng, along, fine, 60);
  add_noise(field, rng, along * 2, fine * 3, 40);
  const int width = scaled(rng.between(9, 18), scale), length = scaled(rng.between(40, 90), scale);
  const bool upright = rng.percent(40);
  static constexpr int kinds[4][3] = {{178, 122, 68}, {148, 94, 50}, {204, 156, 98}, {118, 74, 44}};
  const auto& kind = kinds[rng.below(4)];
  const Rgb wood = vary(rng, {kind[0], kind[1], kind[2]}, 12), dark = blend(wood, {48, 28, 14}, 110),
            seam = blend(wood, {30, 18, 8}, 190);
  const Ramp ramp{dark, wood, lighter(wood, 24)};
  const int phase = rng.below(width), tones = rng.between(14, 40), line = std::max(1, scale >> 8);
  const uint64_t key = rng.next();
  if (!picture.painted()) return;
  for (int y = 0; y < size; ++y) {
    const int plank = (y + phase) / width, in_y = (y + phase) % width;
    const int start = static_cast<int>(hash2(key, 7777, plank) % length);
    for (int x = 0; x < size; ++x) {
      const int board = (x + start) / length, in_x = (x + start) % length;
      const bool gap = in_y < line || in_x < line;
      const Rgb& colour = gap ? seam : ramp.at(field.at(x, y) + 2 * tone_of(key, board, plank, tones));
      put(upright ? picture.at(y, x) : picture.at(x, y), colour);
    }
  }
}

void paint_road(Sprite& picture, Rng& rng, int scale) {
  const int size = picture.width;
  Field field(picture);
  add_noise(field, rng, {16, 34}, {16, 34}, scale, 14);
  add_grain(field, rng, rng.between(10, 26));
  const int grey = rng.between(62, 118);
  const Rgb asphalt = vary(rng, {grey, grey, grey + 4}, 5);
  const Rgb paint = rng.percent(65) ? Rgb{226, 226, 220} : Rgb{226, 186, 62};
  const int width = scaled(rng.between(3, 6), scale), dash = scaled(rng.between(12, 24), scale),
            gap = scaled(rng.between(8, 18), scale);
  const bool upright = rng.percent(50), edge = rng.percent(60);
  const int middle = size * rng.between(30, 70) / 100, lean = rng.between(-64, 64), phase = rng.below(dash + gap);
  const int border = size * rng.between(4, 12) / 100;
  if (!picture.painted()) return;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      const int along = upright ? y : x, across = (upright ? x : y) - ((along - size / 2) * lean >> 8);
      bool marked = across >= middle && across < middle + width && (along + phase) % (dash + gap) < dash;
      marked |= edge && ((across >= border && across < border + width / 2 + 1) ||
                         (across >= size - border && across < size - border + width / 2 + 1));
      put(picture.at(x, y), lighter(marked ? paint : asphalt, field.at(x, y)));
    }
}

void paint_forest(Sprite& picture, Rng& rng, int scale) {
  const int size = picture.width;
  Field field(picture);
  const int leaf = rng.between(6, 11);
  add_noise(field, rng, scaled(leaf * 3, scale), scaled(leaf * 2, scale), 60);
  add_noise(field, rng, scaled(leaf, scale), scaled(leaf, scale), 60);
  add_noise(field, rng, scaled(leaf / 3, scale), scaled(leaf / 3, scale), 45);
  const Rgb dark = vary(rng, {12, 40, 22}, 10), light = vary(rng, {58, 112, 52}, 22);
  const Ramp leaves{dark, blend(dark, light, 90), light};
  for (int y = 0; picture.painted() && y < size; ++y)
    for (int x = 0; x < size; ++x) put(picture.at(x, y), leaves.at(field.at(x, y)));

  Field bark(picture);
  add_noise(bark, rng, scaled(2, scale), scaled(9, scale), 26);
  const Rgb wood = vary(rng, {92, 66, 44}, 18);
  const int step = scaled(rng.between(14, 28), scale);
  for (int left = rng.below(step); left < size; left += step * rng.between(70, 150) / 100) {
    const int width = scaled(rng.between(3, 7), scale), lean = rng.between(-30, 30),
              crown = size * rng.between(0, 45) / 100;
    const Rgb trunk = lighter(wood, rng.between(-24, 18));
    if (!picture.painted()) continue;
    for (int y = 0; y < size; ++y)
      for (int x = left + (y * lean >> 8), right = x + width; x < right; ++x) {
        if (x < 0 || x >= size) continue;
        if (field.at(x, y) > (y < crown ? -60 : 70)) continue;  // leaves in front
        put(picture.at(x, y), lighter(trunk, bark.at(x, y) - (x - right + width) * 18 / width));
      }
  }
}

Paint find_texture(const std::string& name) {
  static constexpr struct {
    const char* name;
    Paint paint;
  } kTable[] = {{"grass", paint_grass},
                {"sea", paint_sea},
                {"sky", paint_sky},
                {"sand", paint_sand},
                {"snow", paint_snow},
                {"brick wall", paint_brick_wall},
                {"wood floor", paint_wood_floor},
                {"road", paint_road},
                {"night sky", paint_night_sky},
                {"forest", paint_forest}};
  for (const auto& entry : kTable)
    if (name == entry.name) return entry.paint;
  return nullptr;
}

}  // namespace wordmask::train

#include "train/scenes/colour_ops.h"

#include <algorithm>
#include <vector>

namespace wordmask::train {
namespace {

template <class Change>
void each_visible(Sprite& sprite, Change change) {
  for (size_t i = 0; i < sprite.rgba.size(); i += 4)
    if (sprite.rgba[i + 3]) change(&sprite.rgba[i]);
}

void matrix(Sprite& sprite, const std::array<int, 9>& m) {  // Q12
  each_visible(sprite, [&](uint8_t* p) {
    const int r = p[0], g = p[1], b = p[2];
    for (int k = 0; k < 3; ++k) p[k] = clamp8((m[3 * k] * r + m[3 * k + 1] * g + m[3 * k + 2] * b + 2048) >> 12);
  });
}

}  // namespace

Rgb random_colour(Rng& rng) {
  // one channel high, one low, one between, then mixed towards white or black
  const int high = rng.below(3), low = (high + 1 + rng.below(2)) % 3;
  Rgb colour;
  colour[high] = rng.between(180, 255);
  colour[low] = rng.between(0, 80);
  colour[3 - high - low] = rng.between(0, 255);
  const int towards = rng.percent(50) ? 255 : 20, amount = rng.below(180);
  for (int& c : colour) c += (towards - c) * amount >> 8;
  return colour;
}

void turn_hue(Sprite& sprite, int tangent, bool far_half) {
  const int t2 = tangent * tangent >> 12;
  int cosine = (4096 - t2) * 4096 / (4096 + t2), sine = 2 * tangent * 4096 / (4096 + t2);
  if (far_half) cosine = -cosine, sine = -sine;
  const int third = (4096 - cosine) / 3, root = sine * 2365 >> 12;  // 2365 / 4096 = 1 / sqrt(3)
  const int on = cosine + third, up = third + root, down = third - root;
  matrix(sprite, {on, down, up, up, on, down, down, up, on});
}

void saturate(Sprite& sprite, int amount) {
  each_visible(sprite, [&](uint8_t* p) {
    const int y = luma(p);
    for (int k = 0; k < 3; ++k) p[k] = clamp8(y + ((p[k] - y) * amount >> 8));
  });
}

void tone(Sprite& sprite, int gamma, int contrast) {
  std::array<uint8_t, 256> table;
  for (int v = 0; v < 256; ++v) {
    const int bent = v + (v * (255 - v) * gamma >> 15);
    table[v] = clamp8(128 + ((bent - 128) * contrast >> 8));
  }
  each_visible(sprite, [&](uint8_t* p) {
    for (int k = 0; k < 3; ++k) p[k] = table[p[k]];
  });
}

void swap_channels(Sprite& sprite, int order) {
  static constexpr int kOrders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const auto& o = kOrders[order];
  each_visible(sprite, [&](uint8_t* p) {
    const uint8_t from[3] = {p[0], p[1], p[2]};
    for (int k = 0; k < 3; ++k) p[k] = from[o[k]];
  });
}

void posterise(Sprite& sprite, int levels) {
  std::array<uint8_t, 256> table;
  for (int v = 0; v < 256; ++v) table[v] = (v * levels >> 8) * 255 / (levels - 1);
  each_visible(sprite, [&](uint8_t* p) {
    for (int k = 0; k < 3; ++k) p[k] = table[p[k]];
  });
}

void recolour(Sprite& sprite, Rng& rng, int colours) {
  std::vector<Rgb> palette;
  for (int i = 0; i < colours; ++i) palette.push_back(random_colour(rng));
  const auto brightness = [](const Rgb& c) { return 77 * c[0] + 150 * c[1] + 29 * c[2]; };
  std::sort(palette.begin(), palette.end(), [&](const Rgb& a, const Rgb& b) { return brightness(a) < brightness(b); });
  // limits at equal shares of the visible pixels, so that every colour is seen
  std::array<int, 256> histogram{};
  int total = 0;
  each_visible(sprite, [&](uint8_t* p) { ++histogram[luma(p)], ++total; });
  std::array<uint8_t, 256> which{};
  for (int v = 0, seen = 0; v < 256; ++v) {
    which[v] = std::min(colours - 1, static_cast<int>(static_cast<int64_t>(seen) * colours / std::max(total, 1)));
    seen += histogram[v];
  }
  each_visible(sprite, [&](uint8_t* p) {
    const Rgb& c = palette[which[luma(p)]];
    for (int k = 0; k < 3; ++k) p[k] = c[k];
  });
}

}  // namespace wordmask::train

#include "train/scenes/restyle.h"

#include <algorithm>
#include <cstdlib>

#include "train/scenes/colour_ops.h"

namespace wordmask::train {
namespace {

Sprite padded(const Sprite& from, int margin) {
  Sprite to(from.width + 2 * margin, from.height + 2 * margin);
  for (int y = 0; y < from.height; ++y) std::copy_n(from.at(0, y), from.width * 4, to.at(margin, y + margin));
  return to;
}

// Grows the opaque part by `radius` pixels of one colour.
void outline(Sprite& sprite, int radius, const Rgb& colour) {
  for (int step = 0; step < radius; ++step) {
    const Sprite before = sprite;
    for (int y = 1; y + 1 < sprite.height; ++y)
      for (int x = 1; x + 1 < sprite.width; ++x) {
        uint8_t* p = sprite.at(x, y);
        if (p[3] == 255) continue;
        const int around =
            std::max({before.at(x - 1, y)[3], before.at(x + 1, y)[3], before.at(x, y - 1)[3], before.at(x, y + 1)[3]});
        if (around <= p[3]) continue;
        // the old colour over the line's
        for (int k = 0; k < 3; ++k) p[k] = (p[k] * p[3] + colour[k] * (around - p[3])) / around;
        p[3] = around;
      }
  }
}

// Draws a line of `colour` where brightness jumps, as pen drawings do; `fill` replaces what lies between, where given.
void inner_lines(Sprite& sprite, int threshold, const Rgb& colour, const Rgb* fill) {
  const Sprite before = sprite;
  const auto edge = [&](int x, int y) {
    const int a = luma(before.at(x, y)), b = luma(before.at(x + 1, y)), c = luma(before.at(x, y + 1));
    return std::max(std::abs(a - b), std::abs(a - c)) > threshold && before.at(x, y)[3] > 128;
  };
  for (int y = 0; y + 1 < sprite.height; ++y)
    for (int x = 0; x + 1 < sprite.width; ++x) {
      uint8_t* p = sprite.at(x, y);
      if (!p[3]) continue;
      if (edge(x, y))
        for (int k = 0; k < 3; ++k) p[k] = colour[k];
      else if (fill)
        for (int k = 0; k < 3; ++k) p[k] = (*fill)[k];
    }
}

void blur(Sprite& sprite) {  // 3 x 3 box, colour weighted by alpha
  const Sprite before = sprite;
  for (int y = 1; y + 1 < sprite.height; ++y)
    for (int x = 1; x + 1 < sprite.width; ++x) {
      int sum[4] = {0, 0, 0, 0};
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const uint8_t* q = before.at(x + dx, y + dy);
          for (int k = 0; k < 3; ++k) sum[k] += q[k] * q[3];
          sum[3] += q[3];
        }
      if (!sum[3]) continue;
      uint8_t* p = sprite.at(x, y);
      for (int k = 0; k < 3; ++k) p[k] = sum[k] / sum[3];
      p[3] = sum[3] / 9;
    }
}

void coarsen(Sprite& sprite, int block) {
  for (int y = 0; y < sprite.height; ++y)
    for (int x = 0; x < sprite.width; ++x) std::copy_n(sprite.at(x - x % block, y - y % block), 4, sprite.at(x, y));
}

Rgb line_colour(Rng& rng) {
  if (rng.percent(70)) return {rng.below(30), rng.below(30), rng.below(40)};
  return random_colour(rng);
}

// Black lines around and within flat colours: how the pen styles draw.
void pen_drawing(Sprite& sprite, Rng& rng, int radius) {
  const Rgb line = line_colour(rng);
  const int kind = rng.below(100);
  if (kind < 45)
    posterise(sprite, rng.between(3, 5));
  else if (kind < 60)
    recolour(sprite, rng, rng.between(2, 4));
  const Rgb paper = rng.percent(60) ? Rgb{255, 255, 255} : random_colour(rng);
  inner_lines(sprite, rng.between(20, 70), line, kind >= 85 ? &paper : nullptr);
  outline(sprite, radius, line);
}

}  // namespace

Sprite restyle(const Sprite& sprite, Rng& rng) {
  if (rng.percent(50)) return sprite;
  const int unit = std::max(1, sprite.longest() / 32);  // 2 at full size
  Sprite s = padded(sprite, 2 * unit);
  // every draw has a statement of its own: the order of function arguments would depend on the compiler
  if (rng.percent(35)) {
    const int tangent = rng.percent(70) ? rng.between(-1100, 1100) : rng.between(-4096, 4096);
    turn_hue(s, tangent, rng.percent(10));
  }
  if (rng.percent(40)) saturate(s, rng.percent(20) ? 0 : rng.below(410));
  if (rng.percent(40)) {
    const int gamma = rng.between(-110, 110);
    tone(s, gamma, rng.between(150, 340));
  }
  if (rng.percent(8)) swap_channels(s, rng.below(6));
  if (rng.percent(8)) blur(s);
  const int drawing = rng.below(100);
  const int radius = rng.between(1, unit + 1);
  if (drawing < 35)
    pen_drawing(s, rng, radius);
  else if (drawing < 47)
    recolour(s, rng, rng.between(2, 4));
  else if (drawing < 65)
    outline(s, radius, rng.percent(75) ? line_colour(rng) : Rgb{255, 255, 255});
  else if (drawing < 73)
    posterise(s, rng.between(2, 4));
  if (rng.percent(6)) coarsen(s, 2 * unit);
  return s;
}

}  // namespace wordmask::train

#include "train/scenes/sprite.h"

#include <algorithm>
#include <cstdlib>

namespace wordmask::train {
namespace {

constexpr int64_t kOne = 1 << 16;

Sprite halve(const Sprite& from) {
  Sprite to((from.width + 1) / 2, (from.height + 1) / 2);
  for (int y = 0; y < to.height; ++y)
    for (int x = 0; x < to.width; ++x) {
      int sum[4] = {0, 0, 0, 0};
      for (int dy = 0; dy < 2; ++dy)
        for (int dx = 0; dx < 2; ++dx) {
          if (2 * x + dx >= from.width || 2 * y + dy >= from.height) continue;  // outside is transparent
          const uint8_t* p = from.at(2 * x + dx, 2 * y + dy);
          for (int c = 0; c < 3; ++c) sum[c] += p[c] * p[3];
          sum[3] += p[3];
        }
      uint8_t* q = to.at(x, y);
      for (int c = 0; c < 3; ++c) q[c] = sum[3] ? (sum[c] + sum[3] / 2) / sum[3] : 0;
      q[3] = (sum[3] + 2) / 4;
    }
  return to;
}

// Channels kFirst .. 3 of the drawing.
template <int kFirst>
Sprite warped(const Sprite& sprite, const Placement& placement) {
  // cos and sin of the angle whose half has the tangent t: exact rationals, no library function that differs by machine
  const int64_t t2 = static_cast<int64_t>(placement.slant) * placement.slant >> 16;
  const int64_t cosine = (kOne - t2) * kOne / (kOne + t2);
  const int64_t sine = 2 * static_cast<int64_t>(placement.slant) * kOne / (kOne + t2);
  const int64_t w = placement.width, h = placement.height;
  const int64_t sheared = w + (std::abs(placement.shear) * h >> 16);
  const auto& bend = placement.bend;
  const int64_t room_x = w * (std::abs(bend[0]) + 2 * std::abs(bend[1])) >> 12;
  const int64_t room_y = h * (std::abs(bend[2]) + 2 * std::abs(bend[3])) >> 12;
  const int out_w = static_cast<int>(((sheared * cosine + std::abs(sine) * h) >> 16) + room_x) + 2;
  const int out_h = static_cast<int>(((h * cosine + std::abs(sine) * sheared) >> 16) + room_y) + 2;
  Sprite out(out_w, out_h);

  // inverse: rotate back, shear back, scale to sprite pixels; Q16
  const int64_t scale_x = (static_cast<int64_t>(sprite.width) << 16) / w * (placement.flip ? -1 : 1);
  const int64_t scale_y = (static_cast<int64_t>(sprite.height) << 16) / h;
  const int64_t xx = cosine + (placement.shear * sine >> 16), xy = sine - (placement.shear * cosine >> 16);
  const int64_t ux = xx * scale_x >> 16, uy = xy * scale_x >> 16;
  const int64_t vx = -sine * scale_y >> 16, vy = cosine * scale_y >> 16;
  for (int y = 0; y < out_h; ++y) {
    // twice the distance of the pixel's centre from the drawing's centre
    const int64_t dy = 2 * y + 1 - out_h, dx = 1 - out_w;
    int64_t u = ((ux * dx + uy * dy) >> 1) + (static_cast<int64_t>(sprite.width) << 15) - (kOne >> 1);
    int64_t v = ((vx * dx + vy * dy) >> 1) + (static_cast<int64_t>(sprite.height) << 15) - (kOne >> 1);
    uint8_t* q = out.at(0, y);
    // Q12 coordinates of -1 .. 1 over the drawing; their products are shifts in parts of the sprite
    const int64_t down = (2 * y + 1 - out_h) * 4096 / out_h;
    const int64_t bow_x = bend[0] * ((down * down >> 12) - 2048);
    for (int x = 0; x < out_w; ++x, q += 4, u += ux, v += vx) {
      const int64_t across = (2 * x + 1 - out_w) * 4096 / out_w, both = across * down >> 12;
      const int64_t bu = u + (sprite.width * (bow_x + bend[1] * both) >> 8);
      const int64_t bv = v + (sprite.height * (bend[2] * ((across * across >> 12) - 2048) + bend[3] * both) >> 8);
      const int iu = static_cast<int>(bu >> 16), iv = static_cast<int>(bv >> 16);
      if (iu < -1 || iv < -1 || iu >= sprite.width || iv >= sprite.height) continue;
      const int fu = (bu >> 8) & 255, fv = (bv >> 8) & 255;
      static constexpr uint8_t kNothing[4] = {0, 0, 0, 0};
      const bool left = iu >= 0, right = iu + 1 < sprite.width, top = iv >= 0, bottom = iv + 1 < sprite.height;
      const uint8_t* a = left && top ? sprite.at(iu, iv) : kNothing;
      const uint8_t* b = right && top ? sprite.at(iu + 1, iv) : kNothing;
      const uint8_t* c = left && bottom ? sprite.at(iu, iv + 1) : kNothing;
      const uint8_t* d = right && bottom ? sprite.at(iu + 1, iv + 1) : kNothing;
      const int wa = (256 - fu) * (256 - fv), wb = fu * (256 - fv), wc = (256 - fu) * fv, wd = fu * fv;
      for (int k = kFirst; k < 4; ++k) q[k] = (a[k] * wa + b[k] * wb + c[k] * wc + d[k] * wd + 32768) >> 16;
    }
  }
  return out;
}

}  // namespace

std::array<Sprite, 3> halve_twice(Sprite full) {
  Sprite half = halve(full);
  Sprite quarter = halve(half);
  return {std::move(full), std::move(half), std::move(quarter)};
}

void premultiply(Sprite& sprite) {
  for (size_t i = 0; i < sprite.rgba.size(); i += 4)
    for (int c = 0; c < 3; ++c) sprite.rgba[i + c] = mul255(sprite.rgba[i + c], sprite.rgba[i + 3]);
}

Sprite warp(const Sprite& sprite, const Placement& placement) { return warped<0>(sprite, placement); }
Sprite warp_mask(const Sprite& sprite, const Placement& placement) { return warped<3>(sprite, placement); }

}  // namespace wordmask::train

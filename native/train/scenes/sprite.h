#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wordmask::train {

// RGBA, 8 bits. Artwork has straight alpha, what is drawn has its colour premultiplied.
struct Sprite {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgba;

  Sprite() = default;
  Sprite(int w, int h) : width(w), height(h), rgba(static_cast<size_t>(w) * h * 4) {}
  // Sides without pixels, for who asks what a picture shows and not how it looks: painting on it draws the same random
  // numbers and keeps nothing.
  static Sprite unpainted(int w, int h);
  bool painted() const { return !rgba.empty(); }
  uint8_t* at(int x, int y) { return &rgba[(static_cast<size_t>(y) * width + x) * 4]; }
  const uint8_t* at(int x, int y) const { return &rgba[(static_cast<size_t>(y) * width + x) * 4]; }
  int longest() const { return width > height ? width : height; }
};

inline Sprite Sprite::unpainted(int w, int h) {
  Sprite sprite;
  sprite.width = w;
  sprite.height = h;
  return sprite;
}

inline int clamp8(int v) { return v < 0 ? 0 : v > 255 ? 255 : v; }
// a * b / 255, rounded, for 0 .. 255
inline int mul255(int a, int b) {
  const int t = a * b + 128;
  return (t + (t >> 8)) >> 8;
}

// The same sprite at full, half and quarter size, averaged with alpha as weight; straight alpha.
std::array<Sprite, 3> halve_twice(Sprite full);

// Straight to premultiplied, in place.
void premultiply(Sprite& sprite);

// How a sprite is laid on the picture: target = R(angle) * shear * diag(width, height) around the centre.
struct Placement {
  int width = 0;  // of the unrotated sprite in target pixels
  int height = 0;
  int slant = 0;  // tangent of half the angle, in 1 / 65536
  int shear = 0;  // horizontal, in 1 / 65536 of the height
  bool flip = false;
  // Bows and tapers, in 1 / 4096 of the sprite's side: over target coordinates x, y of -1 .. 1 the sprite is read
  // bend[0] (y^2 - 1/2) + bend[1] x y further right and bend[2] (x^2 - 1/2) + bend[3] x y further down.
  int bend[4] = {0, 0, 0, 0};
};

// Premultiplied sprite -> its drawing, bilinear, in fixed point; the result is as large as the rotated sprite needs.
Sprite warp(const Sprite& sprite, const Placement& placement);
// The same alpha, without colour: that of the sprite is not read.
Sprite warp_mask(const Sprite& sprite, const Placement& placement);

}  // namespace wordmask::train

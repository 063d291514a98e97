#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/scenes/rng.h"
#include "train/scenes/sprite.h"

namespace wordmask::train {

// A square field of signed values around 0, from which textures read their colours.
struct Field {
  explicit Field(int side) : size(side), values(static_cast<size_t>(side) * side) {}
  // As large as a square picture; without values where that is not painted.
  explicit Field(const Sprite& picture) : size(picture.width), values(picture.rgba.size() / 4) {}
  int at(int x, int y) const { return values[static_cast<size_t>(y) * size + x]; }
  int16_t* row(int y) { return &values[static_cast<size_t>(y) * size]; }

  int size;
  std::vector<int16_t> values;
};

// Adds value noise: random values of -amplitude .. amplitude at the corners of cells of the given size in pixels,
// smoothly interpolated. Several calls with shrinking cells give fractal noise. A field without values takes the same
// draws.
void add_noise(Field& field, Rng& rng, int cell_x, int cell_y, int amplitude);

struct Span {
  int low, high;
};
// The same with cell sides drawn from two spans, at a scale in 1/256. Draws stay in this order: that of function
// arguments would depend on the compiler.
void add_noise(Field& field, Rng& rng, Span cell_x, Span cell_y, int scale, int amplitude);

// Adds an independent value of -amplitude .. amplitude to every pixel.
void add_grain(Field& field, Rng& rng, int amplitude);

}  // namespace wordmask::train

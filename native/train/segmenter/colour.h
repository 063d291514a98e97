#pragma once
#include <cstdint>

namespace wordmask::train {

// Colour changes of a picture of `n` pixels as three planes of numbers in 0 .. 1, by torchvision's formulas on floats.
struct Planes {
  float* data;
  int64_t width, height;
  int64_t n() const { return width * height; }
};

void brighten(const Planes& picture, float factor);  // towards black (0) or away from it
void contrast(const Planes& picture, float factor);  // towards the mean grey
void saturate(const Planes& picture, float factor);  // towards the pixel's own grey
void turn_hue(const Planes& picture, float turn);    // by a share of the circle, -0.5 .. 0.5
void to_grey(const Planes& picture);

// Gaussian of `size` (odd) numbers, the picture mirrored at its edges; `scratch` holds n() numbers. Weights beyond five
// sigma are left out.
void blur(const Planes& picture, int64_t size, float sigma, float* scratch);

}  // namespace wordmask::train

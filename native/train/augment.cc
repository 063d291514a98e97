#include "train/augment.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace wordmask::train {
namespace {

constexpr float kMean[3] = {0.48145466f, 0.4578275f, 0.40821073f};
constexpr float kStd[3] = {0.26862954f, 0.26130258f, 0.27577711f};
constexpr float kLuma[3] = {0.299f, 0.587f, 0.114f};

// All linear colour changes as one affine map: out = m * in + b.
struct Colour {
  float m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  float b[3] = {0, 0, 0};

  void apply(const float (&a)[3][3], float offset) {
    float product[3][3], shift[3];
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) product[i][j] = a[i][0] * m[0][j] + a[i][1] * m[1][j] + a[i][2] * m[2][j];
      shift[i] = a[i][0] * b[0] + a[i][1] * b[1] + a[i][2] * b[2] + offset;
    }
    std::copy(&product[0][0], &product[0][0] + 9, &m[0][0]);
    std::copy(shift, shift + 3, b);
  }
  void saturate(float amount) {
    float a[3][3];
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) a[i][j] = (1 - amount) * kLuma[j] + (i == j ? amount : 0);
    apply(a, 0);
  }
  // Rotation about the grey axis.
  void rotate(float radians) {
    const float c = std::cos(radians), s = std::sin(radians) * 0.57735027f, k = (1 - c) / 3;
    const float a[3][3] = {{c + k, k - s, k + s}, {k + s, c + k, k - s}, {k - s, k + s, c + k}};
    apply(a, 0);
  }
  void contrast(float amount, float middle) {
    const float a[3][3] = {{amount, 0, 0}, {0, amount, 0}, {0, 0, amount}};
    apply(a, (1 - amount) * middle);
  }
};

Colour draw_colour(Random& random, float middle) {
  Colour colour;
  if (random.chance(0.8f)) {
    colour.contrast(random.uniform(0.65f, 1.4f), middle);
    const float gain = random.uniform(0.7f, 1.3f);
    const float tint = 0.08f;
    const float a[3][3] = {{gain * random.uniform(1 - tint, 1 + tint), 0, 0},
                           {0, gain * random.uniform(1 - tint, 1 + tint), 0},
                           {0, 0, gain * random.uniform(1 - tint, 1 + tint)}};
    colour.apply(a, 0);
    colour.rotate(random.uniform(-0.44f, 0.44f));
    colour.saturate(random.uniform(0.4f, 1.5f));
  }
  if (random.chance(0.15f)) colour.saturate(0);
  return colour;
}

// Binomial 1-2-1 in both directions, one plane.
void blur(std::vector<float>& plane, int side) {
  std::vector<float> row(plane);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const float* p = &plane[y * side];
      row[y * side + x] = (p[std::max(0, x - 1)] + 2 * p[x] + p[std::min(side - 1, x + 1)]) / 4;
    }
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const int up = std::max(0, y - 1), down = std::min(side - 1, y + 1);
      plane[y * side + x] = (row[up * side + x] + 2 * row[y * side + x] + row[down * side + x]) / 4;
    }
}

}  // namespace

bool picture_to_patches(const ImageU8& image, int patch, Random* random, float* out) {
  const int side = image.width, area = side * side;
  std::vector<float> planes[3];
  for (auto& plane : planes) plane.resize(area);
  double sum = 0;
  for (int i = 0; i < area; ++i)
    for (int c = 0; c < 3; ++c) {
      const float value = image.data[3 * i + c] * (1 / 255.0f);
      planes[c][i] = value;
      sum += kLuma[c] * value;
    }
  bool mirror = false;
  if (random) {
    mirror = random->chance(0.5f);
    const Colour colour = draw_colour(*random, static_cast<float>(sum / area));
    const float gamma = random->chance(0.3f) ? std::exp(random->uniform(-0.35f, 0.35f)) : 1;
    const bool soft = random->chance(0.15f);
    const float noise = random->chance(0.3f) ? random->uniform(0, 0.05f) : 0;
    for (int i = 0; i < area; ++i) {
      const float r = planes[0][i], g = planes[1][i], b = planes[2][i];
      for (int c = 0; c < 3; ++c) {
        const auto& m = colour.m[c];
        planes[c][i] = std::clamp(m[0] * r + m[1] * g + m[2] * b + colour.b[c], 0.0f, 1.0f);
      }
    }
    for (auto& plane : planes) {
      if (gamma != 1)
        for (float& value : plane) value = std::pow(value, gamma);
      if (soft) blur(plane, side);
      // The sum of four 16-bit uniforms: near enough to a Gaussian, one draw a pixel.
      if (noise > 0)
        for (float& value : plane) {
          const uint64_t bits = random->bits();
          const auto sum4 = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
          value = std::clamp(value + noise * (static_cast<float>(sum4) * (1 / 65536.0f) - 2) * 1.7320508f, 0.0f, 1.0f);
        }
    }
  }
  const int grid = side / patch;
  for (int gy = 0; gy < grid; ++gy)
    for (int gx = 0; gx < grid; ++gx)
      for (int c = 0; c < 3; ++c)
        for (int y = 0; y < patch; ++y)
          for (int x = 0; x < patch; ++x) {
            const int column = gx * patch + x;
            const float value = planes[c][(gy * patch + y) * side + (mirror ? side - 1 - column : column)];
            *out++ = (value - kMean[c]) / kStd[c];
          }
  return mirror;
}

}  // namespace wordmask::train

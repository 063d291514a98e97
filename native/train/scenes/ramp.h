#pragma once
#include <array>
#include <initializer_list>

#include "train/scenes/colour_ops.h"
#include "train/scenes/rng.h"
#include "train/scenes/sprite.h"

namespace wordmask::train {

// Every channel moved by up to `amount`: each picture has its own grass.
inline Rgb vary(Rng& rng, const Rgb& colour, int amount) {
  Rgb out;
  for (int k = 0; k < 3; ++k) out[k] = clamp8(colour[k] + rng.between(-amount, amount));
  return out;
}

inline Rgb blend(const Rgb& a, const Rgb& b, int t) {  // t of 0 .. 256
  Rgb out;
  for (int k = 0; k < 3; ++k) out[k] = a[k] + ((b[k] - a[k]) * t >> 8);
  return out;
}

inline void put(uint8_t* p, const Rgb& colour) {
  for (int k = 0; k < 3; ++k) p[k] = static_cast<uint8_t>(clamp8(colour[k]));
  p[3] = 255;
}

// Colours at equal distances, interpolated to 256 steps; `at` takes a noise value around 0 and clamps.
class Ramp {
 public:
  Ramp(std::initializer_list<Rgb> stops) {
    const int spans = static_cast<int>(stops.size()) - 1;
    for (int i = 0; i < 256; ++i) {
      const int position = i * spans * 256 / 255, span = position >> 8 < spans ? position >> 8 : spans - 1;
      table_[i] = blend(stops.begin()[span], stops.begin()[span + 1], position - (span << 8));
    }
  }
  const Rgb& at(int value) const { return table_[clamp8(value + 128)]; }

 private:
  std::array<Rgb, 256> table_;
};

inline int scaled(int pixels, int scale) {
  const int s = pixels * scale >> 8;
  return s < 1 ? 1 : s;
}

}  // namespace wordmask::train

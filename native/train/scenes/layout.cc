#include "train/scenes/layout.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "train/scenes/noise.h"

namespace wordmask::train {
namespace {

constexpr int kTries = 14;
constexpr int kSmallest = 12;  // visible pixels below which an object would be named but hardly seen

// 48 px: 0 .. 2 objects of 20 .. 46 px; 96 px: 1 .. 5 of 20 .. 60 px, sometimes one of up to 110 px; between: between;
// larger: as 96 px, enlarged.
int count_objects(Rng& rng, int size) {
  const int roll = rng.below(100);
  if (size < 72) return roll < 10 ? 0 : roll < 62 ? 1 : 2;
  return roll < 25 ? 1 : roll < 50 ? 2 : roll < 72 ? 3 : roll < 87 ? 4 : 5;
}

int object_side(Rng& rng, int size, bool alone) {
  if (size < 96) return rng.between(20, 46 + (size - 48) * 14 / 48);
  const bool large = alone && rng.percent(45);
  return (large ? rng.between(60, 110) : rng.between(20, 60)) * size / 96;
}

std::vector<int> horizon(Rng& rng, int size) {
  const int middle = size * rng.between(30, 70) / 100, tilt = rng.between(-50, 50),
            rough = rng.between(0, 5) * std::max(size, 96) / 96;
  Field wave(size);  // one row of it is used
  add_noise(wave, rng, std::max(1, size / rng.between(2, 8)), size, rough);
  std::vector<int> edge(size);
  for (int x = 0; x < size; ++x)
    edge[x] = std::clamp(middle + ((x - size / 2) * tilt >> 8) + wave.at(x, 0), size / 8, size - size / 8);
  return edge;
}

}  // namespace

Plan plan_scene(Rng& rng, int size, int concepts, int names, const std::vector<std::pair<int, int>>& pairs) {
  Plan plan;
  if (rng.percent(50)) {
    std::tie(plan.upper, plan.lower) = pairs[rng.below(static_cast<int>(pairs.size()))];
    plan.edge = horizon(rng, size);
  } else {
    plan.upper = plan.lower = rng.between(concepts, names - 1);
  }
  const int n = count_objects(rng, size);
  const int repeated = n > 1 && rng.percent(20) ? rng.between(2, n) : 1;
  const int first = rng.below(concepts);
  for (int i = 0; i < n; ++i) {
    int which = first;
    if (i >= repeated) {
      const auto taken = [&](int c) {
        return std::any_of(plan.objects.begin(), plan.objects.end(), [&](auto& o) { return o.first == c; });
      };
      for (int tries = 0; tries < 8 && taken(which); ++tries) which = rng.below(concepts);
    }
    plan.objects.emplace_back(which, object_side(rng, size, n == 1));
  }
  for (int i = n - 1; i > 0; --i) std::swap(plan.objects[i], plan.objects[rng.below(i + 1)]);
  return plan;
}

bool Canvas::fits(const Sprite& drawing, int left, int top) const {
  std::array<int, 256> taken{};
  int mask = 0, inside = 0;
  for (int y = 0; y < drawing.height; ++y)
    for (int x = 0; x < drawing.width; ++x) {
      if (drawing.at(x, y)[3] < 128) continue;
      ++mask;
      const int px = left + x, py = top + y;
      if (px < 0 || py < 0 || px >= size_ || py >= size_) continue;
      ++inside;
      ++taken[owner_[static_cast<size_t>(py) * size_ + px]];
    }
  if (inside < kSmallest || inside * 100 < mask * 60) return false;
  for (size_t i = 0; i < shown_.size(); ++i)
    if ((covered_[i] + taken[i + 1]) * 5 > shown_[i]) return false;
  return true;
}

void Canvas::claim(const Sprite& drawing, int left, int top) {
  const auto id = static_cast<uint8_t>(shown_.size() + 1);
  int shown = 0;
  for (int y = std::max(0, -top); y < std::min(drawing.height, size_ - top); ++y)
    for (int x = std::max(0, -left); x < std::min(drawing.width, size_ - left); ++x) {
      if (drawing.at(x, y)[3] < 128) continue;
      uint8_t& owner = owner_[static_cast<size_t>(top + y) * size_ + left + x];
      if (owner) ++covered_[owner - 1];
      owner = id;
      ++shown;
    }
  shown_.push_back(shown);
  covered_.push_back(0);
}

bool Canvas::place(const Sprite& drawing, Rng& rng, int& left, int& top) {
  const auto range = [&](int side, int& low, int& high) {
    const int over = side / 12;  // a little of it may leave the picture
    low = std::min(-over, size_ - side + over);
    high = std::max(-over, size_ - side + over);
  };
  int low_x, high_x, low_y, high_y;
  range(drawing.width, low_x, high_x);
  range(drawing.height, low_y, high_y);
  for (int i = 0; i < kTries; ++i) {
    left = rng.between(low_x, high_x);
    top = rng.between(low_y, high_y);
    if (!fits(drawing, left, top)) continue;
    claim(drawing, left, top);
    return true;
  }
  return false;
}

}  // namespace wordmask::train

#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "train/scenes/rng.h"
#include "train/scenes/sprite.h"

namespace wordmask::train {

// What a scene shows before anything is drawn.
struct Plan {
  int upper = 0, lower = 0;                  // backgrounds, indices into names; equal when there is one
  std::vector<int> edge;                     // first row of the lower background, one a column; empty when there is one
  std::vector<std::pair<int, int>> objects;  // concept and longest side in pixels, in drawing order
};

// `pairs`: plausible (upper, lower) backgrounds; concepts are 0 .. concepts - 1, backgrounds concepts .. names - 1.
Plan plan_scene(Rng& rng, int size, int concepts, int names, const std::vector<std::pair<int, int>>& pairs);

// Where drawings lie, so that no object is covered by more than a fifth of what it showed when it was laid down.
class Canvas {
 public:
  explicit Canvas(int size) : size_(size), owner_(static_cast<size_t>(size) * size) {}
  // Tries some places for `drawing` (premultiplied, mask = alpha of at least half) and claims the first that fits.
  // -> whether there is one, and its upper left corner.
  bool place(const Sprite& drawing, Rng& rng, int& left, int& top);
  // 1 + index of the object that owns each pixel, in the order of successful `place` calls; 0: background.
  const std::vector<uint8_t>& owner() const { return owner_; }

 private:
  bool fits(const Sprite& drawing, int left, int top) const;
  void claim(const Sprite& drawing, int left, int top);

  int size_;
  std::vector<uint8_t> owner_;
  std::vector<int> shown_;    // pixels of each object when laid down
  std::vector<int> covered_;  // of these, pixels that later objects took
};

}  // namespace wordmask::train

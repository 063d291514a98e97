// Drawings of any shape, laid on a canvas: no object loses more than a fifth of what it showed when it was laid down.
// The areas are counted here anew, pixel by pixel.
#include <cstdlib>
#include <set>
#include <vector>

#include "train/scenes/layout.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wordmask::train;
  uint64_t key = size;
  for (size_t i = 0; i < size; ++i) key = mix64(key ^ data[i]);
  Rng rng(key);
  const int side = rng.between(48, 128);
  Canvas canvas(side);
  std::vector<std::set<int>> shown;  // pixels of each object when it was laid down
  for (int i = 0; i < 12; ++i) {
    Sprite drawing(rng.between(1, 90), rng.between(1, 90));
    const int hole = rng.below(4);  // an ellipse, a frame, stripes, or all of it
    for (int y = 0; y < drawing.height; ++y)
      for (int x = 0; x < drawing.width; ++x) {
        const int u = 2 * x - drawing.width, v = 2 * y - drawing.height;
        const bool ellipse = u * u * drawing.height * drawing.height + v * v * drawing.width * drawing.width <
                             drawing.width * drawing.width * drawing.height * drawing.height;
        const bool opaque = hole == 0 ? ellipse : hole == 1 ? x < 4 || y < 4 : hole == 2 ? (x + y) % 5 < 2 : true;
        drawing.at(x, y)[3] = opaque ? 128 + rng.below(128) : rng.below(128);
      }
    int left = 0, top = 0;
    if (!canvas.place(drawing, rng, left, top)) continue;
    std::set<int> mine;
    for (int y = 0; y < drawing.height; ++y)
      for (int x = 0; x < drawing.width; ++x) {
        const int px = left + x, py = top + y;
        if (drawing.at(x, y)[3] >= 128 && px >= 0 && py >= 0 && px < side && py < side) mine.insert(py * side + px);
      }
    shown.push_back(mine);
  }
  for (size_t object = 0; object < shown.size(); ++object) {
    size_t left = 0;
    for (const int pixel : shown[object]) left += canvas.owner()[pixel] == object + 1;
    if (shown[object].empty() || (shown[object].size() - left) * 5 > shown[object].size()) std::abort();
  }
  return 0;
}

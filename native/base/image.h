#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace wordmask {

// RGB, row-major, 3 bytes a pixel, `data.size() == width * height * 3`.
struct ImageU8 {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> data;
};

// One class index a pixel, row-major.
struct LabelMap {
  int width = 0;
  int height = 0;
  std::vector<uint16_t> data;
};

// done and total in the caller's unit (images, steps); called on the tensor thread.
using Progress = std::function<void(double done, double total)>;

}  // namespace wordmask

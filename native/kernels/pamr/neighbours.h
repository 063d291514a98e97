#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace wordmask::kernels {

// The eight neighbours of a pixel at each dilation, row by row; places beyond the border are moved to it.
class Neighbours {
 public:
  static constexpr std::array<std::array<int, 2>, 8> kAround{
      {{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}, {1, 1}}};

  Neighbours(int64_t height, int64_t width, const std::vector<int64_t>& dilations)
      : height_(height),
        width_(width),
        dilations_(dilations),
        reach_(*std::max_element(dilations.begin(), dilations.end())) {}

  size_t size() const { return kAround.size() * dilations_.size(); }

  // Calls visit(x, places) for the pixels of row y: places[n] is the index of neighbour n among all pixels.
  template <class Visit>
  void for_row(int64_t y, Visit&& visit) const {
    std::vector<int64_t> places(size());
    for (int64_t x = 0; x < width_; ++x) {
      if (x > reach_ && x < width_ - reach_) {
        for (auto& place : places) ++place;
      } else {
        seek(y, x, places.data());
      }
      visit(x, places.data());
    }
  }

 private:
  void seek(int64_t y, int64_t x, int64_t* places) const {
    for (const int64_t dilation : dilations_) {
      for (const auto& [dy, dx] : kAround) {
        const int64_t row = std::clamp<int64_t>(y + dy * dilation, 0, height_ - 1);
        *places++ = row * width_ + std::clamp<int64_t>(x + dx * dilation, 0, width_ - 1);
      }
    }
  }

  int64_t height_, width_;
  std::vector<int64_t> dilations_;
  int64_t reach_;
};

}  // namespace wordmask::kernels

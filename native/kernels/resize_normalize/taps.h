#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/resize_normalize/resize_normalize.h"

namespace wordmask::kernels::resize {

constexpr int kFraction = 22;  // bits behind the point of a weight, as in Pillow
constexpr int kLowBits = 11;   // of a weight that is split for 16-bit products

// Output positions from .. from + count - 1 of `resized`, made of input positions 0 .. size - 1.
struct Axis {
  int64_t size, resized, from, count;
  Filter filter;
  bool operator==(const Axis&) const = default;
};

// Position from + i is the sum over t < length[i] of weight[i * stride + t] * input[first[i] + t]; weights beyond the
// length are 0 up to the stride, a multiple of kTogether.
struct Taps {
  static constexpr int64_t kTogether = 4;
  int64_t stride = 0;
  std::vector<int32_t> first, length, weight;
  // weight == high * 2^kLowBits + low, low >= 0; both fit 16 bits.
  std::vector<int16_t> high, low;
  int64_t begin = 0, end = 0;  // of the inputs that any position looks at
};

// Made once for each of the last sizes asked for.
std::shared_ptr<const Taps> taps(const Axis& axis);

}  // namespace wordmask::kernels::resize

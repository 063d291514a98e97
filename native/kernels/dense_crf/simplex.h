#pragma once
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "base/error.h"

// Where a feature vector lies in the permutohedral lattice: the corners of its simplex and its barycentric coordinates
// (Adams, Baek and Davis 2010, section 3).
namespace wordmask::kernels::crf {

constexpr int kTogether = 16;  // pixels placed at once

// Features of kTogether pixels.
template <int D>
using Features = std::array<std::array<float, kTogether>, D>;

// A lattice point is named by its first D coordinates, packed into 64 bits; the last is what makes the sum 0. Packing
// is linear: a step between points is a constant that is added to the name.
template <int D>
class Simplex {
 public:
  static constexpr int kCorners = D + 1;

  // `high`: the largest value of each feature, from 0 on.
  explicit Simplex(const std::array<double, D>& high) {
    constexpr double kDeviation = 0.81649658092772603;  // sqrt(2 / 3) (D + 1) lattice steps are one unit of a feature
    for (int i = 0; i < D; ++i)
      scale_[i] = static_cast<float>(kDeviation * kCorners / std::sqrt((i + 1.0) * (i + 2.0)));
    // Coordinate j is the sum of the scaled features from j on, less j times the one before.
    double beyond = 0;
    for (int j = D; j >= 0; --j) {
      const double own = j > 0 ? high[j - 1] * scale_[j - 1] : 0;
      low_[j] = -j * own, high_[j] = beyond;
      beyond += own;
    }
    int bits = 0;
    for (int i = 0; i < D; ++i) {
      constexpr double kMargin = 3 * kCorners;  // corners and their neighbours lie outside of the features' range
      WM_CHECK(high_[i] - low_[i] < 1e9, code::kInvalidArgument, kNarrow);
      origin_[i] = static_cast<int32_t>(std::floor(low_[i]) - kMargin);
      const auto range = static_cast<uint64_t>(std::ceil(high_[i]) + kMargin - origin_[i] + 1);
      WM_CHECK(bits + std::bit_width(range) <= 64, code::kInvalidArgument, kNarrow);
      unit_[i] = uint64_t{1} << bits;
      bits += std::bit_width(range);
      ones_ += unit_[i];
    }
  }

  // What leads from a point to its neighbour along axis j: D steps forward on j, one back on all others.
  uint64_t step(int j) const { return kCorners * unit_[j] - ones_; }

  // names and weights [n][kCorners] of the first n pixels' corners; the weights of a pixel sum to 1.
  void place(const Features<D>& features, int n, uint64_t* names, float* weights) const {
    std::array<std::array<float, kTogether>, kCorners> at;
    std::array<std::array<int32_t, kTogether>, kCorners> base, rank{};
    std::array<int32_t, kTogether> excess{};
    elevate(features, at);
    // The nearest point whose coordinates are all multiples of D + 1, and the order of the distances to it.
    constexpr float kDown = 1.0f / kCorners;
    for (int i = 0; i < kCorners; ++i) {
      for (int b = 0; b < kTogether; ++b) {
        const auto rounded = static_cast<int32_t>(__builtin_rintf(at[i][b] * kDown));
        base[i][b] = rounded * kCorners;
        excess[b] += rounded;
      }
    }
    for (int i = 0; i < kCorners; ++i) {
      for (int j = i + 1; j < kCorners; ++j) {
        for (int b = 0; b < kTogether; ++b) {
          const int less = at[i][b] - base[i][b] < at[j][b] - base[j][b];
          rank[i][b] += less, rank[j][b] += 1 - less;
        }
      }
    }
    // Where the rounded coordinates do not sum to 0, those furthest off are moved on by one multiple.
    for (int i = 0; i < kCorners; ++i) {
      for (int b = 0; b < kTogether; ++b) {
        const int moved = rank[i][b] + excess[b];
        const int turn = moved < 0 ? kCorners : moved > D ? -kCorners : 0;
        rank[i][b] = moved + turn, base[i][b] += turn;
      }
    }
    for (int b = 0; b < n; ++b) {
      float share[kCorners + 1] = {};
      int axis[kCorners];  // by rank, smallest distance first
      uint64_t name = 0;
      for (int i = 0; i < kCorners; ++i) {
        const float distance = (at[i][b] - base[i][b]) * kDown;
        const int order = D - rank[i][b];
        share[order] += distance, share[order + 1] -= distance;
        axis[order] = i;
        name += static_cast<uint64_t>(base[i][b] - origin_[i]) * unit_[i];
      }
      share[0] += 1 + share[kCorners];
      for (int k = 0; k < kCorners; ++k) {
        if (k > 0) name -= step(axis[k - 1]);
        names[b * kCorners + k] = name;
        weights[b * kCorners + k] = share[k];
      }
    }
  }

 private:
  static constexpr char kNarrow[] =
      "Expected kernels of the dense CRF that are wider, or an image that is smaller: the lattice has more points than "
      "64 bits can name";

  void elevate(const Features<D>& features, std::array<std::array<float, kTogether>, kCorners>& at) const {
    std::array<float, kTogether> sum{};
    for (int j = D; j > 0; --j) {
      for (int b = 0; b < kTogether; ++b) {
        const float scaled = features[j - 1][b] * scale_[j - 1];
        at[j][b] = sum[b] - static_cast<float>(j) * scaled;
        sum[b] += scaled;
      }
    }
    at[0] = sum;
  }

  float scale_[D];
  double low_[kCorners], high_[kCorners];
  int32_t origin_[kCorners] = {};  // the last coordinate has none
  uint64_t unit_[kCorners] = {}, ones_ = 0;
};

}  // namespace wordmask::kernels::crf

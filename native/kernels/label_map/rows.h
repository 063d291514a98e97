#pragma once
#include <ATen/core/Tensor.h>

#include <limits>
#include <optional>

#include "kernels/label_map/stretch.h"

namespace wordmask::kernels::label {

// One grid or two, and how the pixels of the result lie between their cells.
struct Grids {
  Grids(const at::Tensor& scores, const std::optional<at::Tensor>& factor, int64_t height, int64_t width,
        at::ArrayRef<double> extents);

  struct Grid {
    at::Tensor held;
    const float* data = nullptr;
    int64_t row_size = 0;
    std::vector<Tap> rows;
    std::vector<float> weights;  // of the right column, a pixel; kTogether more at the end
  };
  Grid scores, factor;
  bool product;
  int64_t classes;
  std::vector<Stretch> stretches;
  float largest;  // no interpolated score is larger, but for rounding; infinity where scores are not finite

  // How far below the best another class still counts: rounding, and for a softmax what e^-30 is.
  float slack(bool softmax, double temperature) const;
};

// A row of the result: both grids interpolated down to it.
class RowOfScores {
 public:
  explicit RowOfScores(const Grids& grids);
  void seek(int64_t y);
  // Calls visit(ends, classes, n, weights, first, count) for every piece of at most kTogether pixels: n classes may be
  // among its k best. Slack of infinity: all classes may.
  template <class Visit>
  void for_each(int64_t k, float slack, Visit&& visit) {
    for (const Stretch& stretch : grids_.stretches) {
      const Ends ends = this->ends(stretch);
      // Looking for contenders costs about as much as evaluating all classes at a handful of pixels.
      const bool few = stretch.count >= kWorthwhile && slack < std::numeric_limits<float>::infinity();
      const auto n = few ? contenders(ends, grids_.classes, k, slack, scratch_.data(), found_.data()) : grids_.classes;
      for (int64_t done = 0; done < stretch.count; done += kTogether) {
        const int64_t first = stretch.first + done;
        const Weights weights{grids_.scores.weights.data() + first, grids_.factor.weights.data() + first};
        visit(ends, few ? found_ : all_, n, weights, first, std::min(kTogether, stretch.count - done));
      }
    }
  }
  float* buffer() { return buffer_.data(); }  // of T * kTogether

 private:
  static constexpr int64_t kWorthwhile = 4;
  Ends ends(const Stretch& stretch) const;
  const Grids& grids_;
  std::vector<float> row_, factor_row_, scratch_, buffer_;
  std::vector<int32_t> all_, found_;
};

// [height, width, T] of the softmax of temperature * scores, or, with a temperature of 0, of the scores.
at::Tensor volume(const Grids& grids, int64_t height, int64_t width, float temperature);

}  // namespace wordmask::kernels::label

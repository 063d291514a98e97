#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

struct LabelMapOptions {
  int64_t height = 0, width = 0;  // of the result, in pixels
  // Cells of the grid that lie under the result, from its upper left corner; not whole where the image was padded to
  // whole cells. Beyond the grid its last cell goes on. 0: the grid's own size.
  double extent_h = 0, extent_w = 0;
  // Where the softmax of temperature * scores is nowhere above `threshold`, the label is -1. 0: every pixel has a
  // label. label_scores takes the temperature for its sums.
  double temperature = 1, threshold = 0;
  // A second grid [h', w', T] (undefined: none) of its own extent: the score of a class is the product of both grids'
  // interpolated scores (methods/reco.md 2.8).
  at::Tensor factor;
  double factor_extent_h = 0, factor_extent_w = 0;
};

// scores [h, w, T] (class-minor) -> int32 [height, width], argmax over t of the bilinearly interpolated scores:
//   sy = clamp((y + 0.5) * extent_h / height - 0.5, 0, h - 1), likewise sx; s(t) = lerp(lerp(scores, sy), sx)
// The first of equal maxima wins. Memory beside the input: the labels and one row of w * T floats a grid and thread.
at::Tensor label_map(const at::Tensor& scores, const LabelMapOptions& options);

struct LabelScores {
  at::Tensor labels;  // int32 [height, width, k]: the classes of the k best scores, best first, the first of equal ones
  at::Tensor values;  // float32 [height, width, k]: their interpolated scores
  at::Tensor sums;    // float32 [height, width]: sum over t of exp(temperature * (s(t) - best)); 1 / sum is the best
                      // class's softmax, temperature * best + log(sum) the log of the softmax's denominator
};

// The same scores with what stands behind the label; `threshold` is not looked at. 1 <= k <= T.
LabelScores label_scores(const at::Tensor& scores, int64_t k, const LabelMapOptions& options);

// What label_map takes the best of, as a volume, for what must see all classes of a pixel at once: float32
// [height, width, T] of the softmax over t of temperature * s(t), or, with a temperature of 0, of s(t) itself.
// `threshold` is not looked at. On the CPU alone (ERR_WORDMASK_DEVICE).
at::Tensor label_volume(const at::Tensor& scores, const LabelMapOptions& options);

}  // namespace wordmask::kernels

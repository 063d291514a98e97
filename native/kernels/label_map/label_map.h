#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

struct LabelMapOptions {
  int64_t height = 0, width = 0;  // of the result, in pixels
  // Cells of the grid that lie under the result, from its upper left corner; not whole where the image was padded to
  // whole cells. Beyond the grid its last cell goes on. 0: the grid's own size.
  double extent_h = 0, extent_w = 0;
  // Where the softmax of temperature * scores is nowhere above `threshold`, the label is -1. 0: every pixel has a
  // label.
  double temperature = 1, threshold = 0;
};

// scores [h, w, T] (class-minor) -> int32 [height, width], argmax over t of the bilinearly interpolated scores:
//   sy = clamp((y + 0.5) * extent_h / height - 0.5, 0, h - 1), likewise sx; s(t) = lerp(lerp(scores, sy), sx)
// The first of equal maxima wins. Memory beside the input: the labels and one row of T * w floats a thread.
at::Tensor label_map(const at::Tensor& scores, const LabelMapOptions& options);

}  // namespace wordmask::kernels

#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "base/cancel.h"
#include "base/image.h"

namespace wordmask::kernels {

struct PamrOptions {
  int64_t iterations = 10;
  std::vector<int64_t> dilations{1, 2, 4, 8, 12, 24};  // pixels
  double most_bytes = 0;                               // of memory, the probabilities included; 0: no limit
};

// Pixel-adaptive mask refinement (Araslanov and Roth 2020): each iteration gives every pixel the mean of its
// neighbours, weighted by how alike they look. Neighbours n: the eight at each dilation; beyond the border its pixel
// goes on.
//   a_n = -mean over rgb of |I - I_n| / (0.1 sd + 1e-8),   w = softmax over n of a
//   P  <- sum over n of w_n P_n
// sd: standard deviation (n - 1) of a channel over the neighbours and, once a dilation, the pixel itself; I in 0..1.
//
// `probabilities` float32 [H, W, T], contiguous, on the CPU, is overwritten; image uint8 [H, W, 3]. Any number of
// threads gives the same bits. Memory beside it: as much again (labels rounded up to eights), a block of up to 32
// labels, and 32 bytes a pixel and dilation. `cancel` is looked at before each iteration of a block; progress counts
// iterations. ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_DEVICE: as dense_crf; dilations outside 1 .. 65536, or none,
// or over 64. ERR_WORDMASK_MEMORY: more than most_bytes; nothing has changed then.
void pamr(const at::Tensor& probabilities, const at::Tensor& image, const PamrOptions& options, const Cancel& cancel,
          const Progress& progress);

}  // namespace wordmask::kernels

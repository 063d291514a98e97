#pragma once
#include <ATen/core/Tensor.h>

#include "base/cancel.h"
#include "base/image.h"

namespace wordmask::kernels {

// A Gaussian between pixels: exp(-1/2 |f_i - f_j|^2) times `weight`. Weight 0: the kernel is left out.
struct CrfGaussian {
  double weight;
  double sigma_xy;       // pixels
  double sigma_rgb = 0;  // of 0..255; 0: the colour does not count
};

// As the ReCo paper's code has them (methods/reco.md 2.9).
struct DenseCrfOptions {
  CrfGaussian smoothness{3, 1};
  CrfGaussian appearance{4, 67, 3};
  int64_t iterations = 10;
  double most_bytes = 0;  // of memory, the probabilities included; 0: no limit
};

// Mean field of a fully connected CRF (Krähenbühl and Koltun 2011) with Potts labels:
//   Q_0 = softmax(-U),   U = -log(clip(P, 1e-5, 1))
//   Q  <- softmax(-U + sum over kernels of weight * N K N Q),   N = diag(1 / sqrt(K 1 + 1e-20))
// K Q is evaluated on a permutohedral lattice (Adams, Baek and Davis 2010), an approximation of the Gaussian; a pixel's
// own term K_ii is kept.
//
// `probabilities` float32 [H, W, T], contiguous, on the CPU, is overwritten with Q: rows of sum 1, the same bits for
// any number of threads. image uint8 [H, W, 3]. T = 1: Q is 1. Values outside [1e-5, 1] are taken as the nearer end.
// `cancel` is looked at before each block of up to 32 labels; progress counts iterations.
//
// Memory beside the probabilities: as much again (labels rounded up to eights), 100 bytes a pixel and, for the points
// of both lattices, 50 bytes and two rows of up to 32 labels each: 1.8 points a pixel of a photograph, at most 8. T =
// 171 at 512 x 512: 0.18 GB, 0.18 GB again, 0.2 GB for a photograph and 0.7 GB for noise.
//
// ERR_WORDMASK_INVALID_ARGUMENT: other shapes or dtypes, values that are not finite, options out of range, kernels so
// narrow beside the image that a lattice point has no 64-bit name. ERR_WORDMASK_DEVICE: a tensor that is not on the
// CPU. ERR_WORDMASK_MEMORY: more than most_bytes; the probabilities are then -U.
void dense_crf(const at::Tensor& probabilities, const at::Tensor& image, const DenseCrfOptions& options,
               const Cancel& cancel, const Progress& progress);

}  // namespace wordmask::kernels

#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

// Over which columns of M a position looks for image n of its archive (methods/reco.md 2.7).
enum class AffinityWindow {
  kPerImage,  // image n: the method as it is described
  kOfficial,  // images n .. min(2n, k - 1): what the official code does; its scores depend on the archive's order
};

// The last image of window n, which begins with image n.
constexpr int64_t last_image(AffinityWindow window, int64_t n, int64_t images) {
  return window == AffinityWindow::kPerImage ? n : (2 * n < images - 1 ? 2 * n : images - 1);
}

// The support of every position: mean over n of its largest affinity in window n.
// affinity float32 [k, P, k] or [B, k, P, k] on the CPU (max_affinity) -> float64 [k, P] or [B, k, P].
// ERR_WORDMASK_INVALID_ARGUMENT: other shapes or dtypes, an affinity that is not finite.
at::Tensor window_support(const at::Tensor& affinity, AffinityWindow window);

// The position of largest support in each image, the first of equal ones: [.., P] float64 -> int64 [..].
// With one image and equal weights all supports are 1 up to rounding: the seed then means nothing.
// ERR_WORDMASK_INVALID_ARGUMENT: another dtype, no positions, a support that is NaN.
at::Tensor seed_positions(const at::Tensor& support);

}  // namespace wordmask::kernels

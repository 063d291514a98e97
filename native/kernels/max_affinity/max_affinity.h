#pragma once
#include <ATen/core/Tensor.h>

#include <optional>

namespace wordmask::kernels {

// The best match of every position in every image of its archive, by weight:
//   M[b, m, p, n] = max over q < P of <features[b, m, p], features[b, n, q]> * weights[b, n, q]
// An image is matched with itself too, a position with itself too; cosines where the rows of `features` have length 1.
//
// features [k, P, C] or [B, k, P, C] (B archives), float32 or bfloat16; products are summed in float32. C may be 0
// (every product is 0), P may not. Rows whose C values lie together are read in place, others are copied first. weights
// [k, P] or [B, k, P] float32, any sign; none: 1. Result float32 [k, P, k] or [B, k, P, k]. Memory beside the inputs
// and the result: at most 1 MB a thread and 32 MB altogether (one panel of 32 rows a thread if C is so large that they
// take more). The bits do not depend on the number of threads.
//
// ERR_WORDMASK_INVALID_ARGUMENT: other shapes or dtypes, and values that are not finite or so large that a product
// could overflow. ERR_WORDMASK_DEVICE: weights that lie on another device.
at::Tensor max_affinity(const at::Tensor& features, const std::optional<at::Tensor>& weights);

}  // namespace wordmask::kernels

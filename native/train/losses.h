#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::train {

// Symmetric InfoNCE with soft multi-positive targets. logits [n, m]; positive [n, m] in {0, 1}: picture i shows
// everything that caption j names. Targets are the rows (and the columns) of `positive` divided by their sum; a row or
// column without any positive takes no part. -> scalar, mean of both directions.
at::Tensor contrastive_loss(const at::Tensor& logits, const at::Tensor& positive);

// Cosines of every patch with every text: patches [b, N, d] and text [m, d], unit rows. -> [b, m, N]
at::Tensor patch_similarity(const at::Tensor& patches, const at::Tensor& text);

// Pooled over the patches by softmax(sharpness * s). similarity [b, m, N] -> [b, m]
at::Tensor pooled_similarity(const at::Tensor& similarity, double sharpness = 12);

// The names compete for each patch, and each name that the picture shows must win some. similarity [b, m, N] of patches
// and names, present [b, m] in {0, 1}: p = softmax over the names of scale * similarity, c_ij = p_ij. pooled over the
// patches by softmax(sharpness * similarity). -> mean over pictures of the sum over names of the binary cross-entropy
// of c against `present`, divided by the number of names shown.
at::Tensor claim_loss(const at::Tensor& similarity, const at::Tensor& present, const at::Tensor& scale,
                      double sharpness = 12);

// Soft assignment of places to prototypes that use every prototype alike (Caron et al. 2020, Sinkhorn-Knopp): from
// exp(scores / epsilon) [n, k], columns and rows scaled in turn `rounds` times. -> rows that sum to 1; no gradient.
at::Tensor balanced_assignment(const at::Tensor& scores, double epsilon = 0.05, int rounds = 3);

// Swapped prediction (SwAV): what one look is assigned to, the other must foretell. scores of two looks at the same
// places [n, k], cosines with the prototypes. -> mean of both directions of -sum q log softmax(scores / temperature)
at::Tensor swapped_prediction_loss(const at::Tensor& first, const at::Tensor& second, double temperature = 0.1);

// x / |x| by rows.
at::Tensor unit_rows(const at::Tensor& x);

}  // namespace wordmask::train

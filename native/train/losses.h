#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::train {

// Symmetric InfoNCE with soft multi-positive targets. logits [n, m]; positive [n, m] in {0, 1}: picture i shows
// everything that caption j names. Targets are the rows (and the columns) of `positive` divided by their sum; a row or
// column without any positive takes no part. -> scalar, mean of both directions.
at::Tensor contrastive_loss(const at::Tensor& logits, const at::Tensor& positive);

// Patch-level similarity. patches [b, N, d] and text [m, d], unit rows: s = patches . text, pooled over the patches by
// softmax(sharpness * s). -> [b, m]
at::Tensor pooled_similarity(const at::Tensor& patches, const at::Tensor& text, double sharpness = 12);

// x / |x| by rows.
at::Tensor unit_rows(const at::Tensor& x);

}  // namespace wordmask::train

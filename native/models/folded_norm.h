#pragma once
#include <optional>

#include "models/batch_norm.h"

namespace wordmask::models {

// A convolution weight with the BatchNorm after it multiplied in: norm(conv(x, W)) = conv(x, W s) + t for
// s = gain / sqrt(variance + eps) and t = bias - mean s. Products round, so the distance of every (W s) / s from W is
// kept, in units of the last place and one byte each: W comes back bit for bit without a second copy of it.
struct FoldedNorm {
  at::Tensor weight, bias;  // W s and t, in the type of W
  at::Tensor scale;         // s, float32 [out, 1, 1, 1]
  at::Tensor distance;      // int8, sizes of W
};

// nullopt where that fails: a gain of zero, or one so small or large that products leave the normal numbers.
std::optional<FoldedNorm> fold(const at::Tensor& weight, const BatchNormImpl& norm);

// W from folded.weight and what else is kept.
at::Tensor unfold(const at::Tensor& weight, const FoldedNorm& folded);

}  // namespace wordmask::models

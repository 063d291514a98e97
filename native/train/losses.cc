#include "train/losses.h"

#include <ATen/ATen.h>

namespace wordmask::train {

using at::Tensor;

Tensor unit_rows(const Tensor& x) { return x / x.norm(2, -1, true).clamp_min(1e-12); }

static Tensor one_direction(const Tensor& logits, const Tensor& positive) {
  const auto count = positive.sum(1, true);
  const auto targets = positive / count.clamp_min(1);
  const auto rows = (count > 0).sum().clamp_min(1);
  return -(targets * at::log_softmax(logits, 1)).sum() / rows;
}

Tensor contrastive_loss(const Tensor& logits, const Tensor& positive) {
  return (one_direction(logits, positive) + one_direction(logits.t(), positive.t())) / 2;
}

Tensor pooled_similarity(const Tensor& patches, const Tensor& text, double sharpness) {
  const auto s = at::bmm(text.unsqueeze(0).expand({patches.size(0), -1, -1}), patches.transpose(1, 2));  // [b, m, N]
  return (at::softmax(s * sharpness, -1) * s).sum(-1);
}

}  // namespace wordmask::train

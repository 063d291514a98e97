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

Tensor patch_similarity(const Tensor& patches, const Tensor& text) {
  return at::bmm(text.unsqueeze(0).expand({patches.size(0), -1, -1}), patches.transpose(1, 2));
}

Tensor pooled_similarity(const Tensor& similarity, double sharpness) {
  return (at::softmax(similarity * sharpness, -1) * similarity).sum(-1);
}

Tensor claim_loss(const Tensor& similarity, const Tensor& present, const Tensor& scale, double sharpness) {
  const auto shares = at::softmax(similarity * scale, 1);  // of the names in a patch
  const auto claims = (at::softmax(similarity * sharpness, -1) * shares).sum(-1).clamp(1e-6, 1 - 1e-6);
  const auto shown = present.to(at::kFloat);
  const auto losses = -(shown * claims.log() + (1 - shown) * (1 - claims).log());
  return (losses.sum(1) / shown.sum(1).clamp_min(1)).mean();
}

Tensor balanced_assignment(const Tensor& scores, double epsilon, int rounds) {
  c10::NoGradGuard no_grad;
  const auto given = scores.detach().to(at::kDouble);
  auto q = ((given - given.max()) / epsilon).exp();
  for (int i = 0; i < rounds; ++i) {
    q = q / q.sum(0, true).clamp_min(1e-300);
    q = q / q.sum(1, true).clamp_min(1e-300);
  }
  return q.to(at::kFloat);
}

Tensor swapped_prediction_loss(const Tensor& first, const Tensor& second, double temperature) {
  const auto foretold = [&](const Tensor& scores, const Tensor& other) {
    return -(balanced_assignment(other) * at::log_softmax(scores / temperature, 1)).sum(1).mean();
  };
  return (foretold(first, second) + foretold(second, first)) / 2;
}

}  // namespace wordmask::train

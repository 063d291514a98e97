#include "models/folded_norm.h"

#include <limits>

namespace wordmask::models {

namespace {
// Neighbouring numbers of one sign are neighbouring integers.
at::Tensor bits(const at::Tensor& x) {
  return x.view(x.scalar_type() == at::kFloat ? at::kInt : at::kShort).to(at::kInt);
}

at::Tensor quotient(const at::Tensor& weight, const at::Tensor& scale) {
  return (weight.to(at::kFloat) / scale).to(weight.scalar_type());
}
}  // namespace

std::optional<FoldedNorm> fold(const at::Tensor& weight, const BatchNormImpl& norm) {
  const auto s = norm.weight.detach() / (norm.running_var + norm.eps).sqrt();
  const auto t = norm.bias.detach() - norm.running_mean * s;
  FoldedNorm folded;
  folded.scale = s.view({-1, 1, 1, 1});
  folded.weight = (weight.to(at::kFloat) * folded.scale).to(weight.scalar_type());
  folded.bias = t.to(weight.scalar_type());
  const auto distance = bits(weight) - bits(quotient(folded.weight, folded.scale));
  const auto far = distance.abs().max().item<int>() > std::numeric_limits<int8_t>::max();
  if (far || !folded.weight.isfinite().all().item<bool>()) return std::nullopt;
  folded.distance = distance.to(at::kChar);
  return folded;
}

at::Tensor unfold(const at::Tensor& weight, const FoldedNorm& folded) {
  const auto whole = weight.scalar_type() == at::kFloat ? at::kInt : at::kShort;
  return (bits(quotient(weight, folded.scale)) + folded.distance).to(whole).view(weight.scalar_type());
}

}  // namespace wordmask::models

#include "kernels/max_affinity/affinity_windows.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace wordmask::kernels {

at::Tensor window_support(const at::Tensor& given, AffinityWindow window) {
  WM_CHECK(given.device().is_cpu() && given.scalar_type() == at::kFloat && (given.dim() == 3 || given.dim() == 4) &&
               given.size(-1) == given.size(-3),
           code::kInvalidArgument, "Expected float32 affinities [k, P, k] or [B, k, P, k] on the CPU but received ",
           given.scalar_type(), " ", given.sizes(), " on ", given.device());
  const auto affinity = given.contiguous();
  const auto images = affinity.size(-1);
  auto support = at::empty(affinity.sizes().slice(0, affinity.dim() - 1), affinity.options().dtype(at::kDouble));
  const auto* from = affinity.const_data_ptr<float>();
  auto* to = support.mutable_data_ptr<double>();
  for (int64_t row = 0; row < support.numel(); ++row, from += images) {
    double sum = 0;
    for (int64_t n = 0; n < images; ++n) {
      WM_CHECK(std::isfinite(from[n]), code::kInvalidArgument, "Expected finite affinities but received ", from[n]);
      sum += *std::max_element(from + n, from + last_image(window, n, images) + 1);
    }
    to[row] = sum / static_cast<double>(images);
  }
  return support;
}

at::Tensor seed_positions(const at::Tensor& given) {
  WM_CHECK(given.device().is_cpu() && given.scalar_type() == at::kDouble && given.dim() > 0 && given.size(-1) > 0,
           code::kInvalidArgument,
           "Expected float64 supports [.., P] of at least one position on the CPU but received ", given.scalar_type(),
           " ", given.sizes(), " on ", given.device());
  const auto support = given.contiguous();
  const auto positions = support.size(-1);
  auto seeds = at::empty(support.sizes().slice(0, support.dim() - 1), support.options().dtype(at::kLong));
  const auto* from = support.const_data_ptr<double>();
  auto* to = seeds.mutable_data_ptr<int64_t>();
  for (int64_t image = 0; image < seeds.numel(); ++image, from += positions) {
    WM_CHECK(std::none_of(from, from + positions, [](double value) { return std::isnan(value); }),
             code::kInvalidArgument, "Expected supports but received NaN in image ", image);
    to[image] = std::max_element(from, from + positions) - from;
  }
  return seeds;
}

}  // namespace wordmask::kernels

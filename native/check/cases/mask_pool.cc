#include "kernels/mask_pool/mask_pool.h"

#include <algorithm>
#include <cmath>

#include "check/cases/case.h"
#include "kernels/mask_pool/mask_pool_ref.h"

namespace wordmask::check {
namespace {

using kernels::MaskPoolOptions;
using kernels::MaskReduce;
using kernels::MaskSampling;

struct Shape {
  int64_t masks, height, width, h, w, channels;
  MaskSampling sampling = MaskSampling::kArea;
  MaskReduce reduce = MaskReduce::kMean;
  at::ScalarType dtype = at::kBool;
  double extent_h = 0, extent_w = 0;
  MaskPoolOptions options() const { return {reduce, sampling, extent_h, extent_w}; }
};

std::vector<double> weights(const Shape& s, const double* mask) {
  return wordmask_ref::mask_weights({mask, mask + s.height * s.width}, s.height, s.width, s.h, s.w, s.options());
}

double rounding(at::ScalarType dtype) { return dtype == at::kDouble ? 1e-12 : 2e-5; }

// Masks of 0 and 1, or soft; the last is empty.
at::Tensor masks_of(const Shape& s, uint64_t seed) {
  auto masks = uniform({s.masks, s.height, s.width}, seed);
  if (s.masks > 0) masks.select(0, s.masks - 1).fill_(-1);
  const bool soft = s.dtype == at::kFloat || s.dtype == at::kDouble;
  return soft ? masks.clamp_min(0).to(s.dtype) : masks.gt(0).to(s.dtype);
}

Verdict pooled(const Shape& s, uint64_t seed, c10::Device device) {
  const auto masks = masks_of(s, seed);
  const auto features =
      strided(uniform({s.h, s.w, s.channels}, seed + 1)).to(s.dtype == at::kDouble ? at::kDouble : at::kFloat);
  const auto result = kernels::mask_pool(masks.to(device), features.to(device), s.options());
  const auto found = doubles(result.vectors), soft = doubles(masks), all = doubles(features);
  const auto empty = result.empty.cpu();
  Verdict worst = static_cast<int64_t>(found.size()) == s.masks * s.channels ? 0 : INFINITY;
  for (int64_t k = 0; k < s.masks && worst < INFINITY; ++k) {
    if (empty.const_data_ptr<bool>()[k] != (k == s.masks - 1)) return INFINITY;
    const auto exact = wordmask_ref::mask_pool(weights(s, &soft[k * s.height * s.width]), all, s.reduce);
    const double size = s.reduce == MaskReduce::kSum ? static_cast<double>(s.height * s.width) : 1;
    for (int64_t c = 0; c < s.channels; ++c) {
      const double error = std::abs(found[k * s.channels + c] - exact[c]) / (rounding(s.dtype) * size);
      worst = error <= worst ? worst : error;  // NaN is the worst
    }
  }
  return worst;
}

// The weights are linear in the mask: their gradient is what each pixel alone gives.
Verdict gradient(const Shape& s, uint64_t seed, c10::Device device) {
  const auto masks = masks_of(s, seed).to(device).set_requires_grad(true);
  const auto given = uniform({s.masks, s.h, s.w}, seed + 1).to(s.dtype);
  kernels::mask_weights(masks, s.h, s.w, s.options()).backward(given.to(device));
  const auto found = doubles(masks.grad()), upstream = doubles(given);
  std::vector<double> pixel(s.height * s.width);
  Verdict worst = 0;
  for (int64_t p = 0; p < s.height * s.width; ++p) {
    pixel[p] = 1;
    const auto own = weights(s, pixel.data());
    pixel[p] = 0;
    for (int64_t k = 0; k < s.masks; ++k) {
      double exact = 0;
      for (int64_t i = 0; i < s.h * s.w; ++i) exact += own[i] * upstream[k * s.h * s.w + i];
      const double error = std::abs(found[k * s.height * s.width + p] - exact) / rounding(s.dtype);
      worst = error <= worst ? worst : error;  // NaN is the worst
    }
  }
  return worst;
}

std::vector<Case> cases() {
  constexpr auto kArea = MaskSampling::kArea, kBilinear = MaskSampling::kBilinear;
  const Shape shapes[] = {{0, 3, 4, 2, 2, 5},
                          {1, 1, 1, 1, 1, 1},
                          {3, 37, 53, 7, 9, 6},
                          {3, 37, 53, 7, 9, 6, kBilinear, MaskReduce::kSum, at::kByte},
                          {2, 7, 5, 16, 11, 3, kArea, MaskReduce::kUnit, at::kFloat},
                          {2, 7, 5, 16, 11, 3, kBilinear, MaskReduce::kMean, at::kDouble},
                          {2, 40, 33, 6, 6, 4, kArea, MaskReduce::kMean, at::kFloat, 5.3, 4.7},
                          {2, 40, 33, 6, 6, 4, kBilinear, MaskReduce::kMean, at::kFloat, 5.3, 4.7}};
  const Shape trained[] = {{2, 9, 11, 4, 3, 1, kArea, MaskReduce::kSum, at::kDouble},
                           {2, 9, 11, 4, 3, 1, kBilinear, MaskReduce::kSum, at::kFloat, 3.4, 2.5},
                           {2, 4, 5, 9, 7, 1, kArea, MaskReduce::kSum, at::kFloat},
                           {2, 4, 5, 9, 7, 1, kBilinear, MaskReduce::kSum, at::kDouble}};
  std::vector<Case> table;
  uint64_t seed = 500;
  const auto add = [&](const char* what, const Shape& s, Verdict (*run)(const Shape&, uint64_t, c10::Device)) {
    const auto name =
        named("%s of %ld %s masks %ldx%ld over %ldx%ld %s reduce=%d extent=%gx%g seed=%lu", what, s.masks,
              c10::toString(s.dtype), s.height, s.width, s.h, s.w, s.sampling == kArea ? "area" : "bilinear",
              static_cast<int>(s.reduce), s.extent_h, s.extent_w, seed);
    table.push_back({name, [=](c10::Device device) { return run(s, seed, device); }});
    seed += 2;
  };
  for (const auto& s : shapes) add("vectors", s, pooled);
  for (const auto& s : trained) add("gradient", s, gradient);
  return table;
}

const CaseTable kTable{"mask_pool", cases};

}  // namespace
}  // namespace wordmask::check

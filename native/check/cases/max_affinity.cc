#include "kernels/max_affinity/max_affinity.h"

#include <algorithm>
#include <cmath>

#include "check/cases/case.h"
#include "kernels/max_affinity/max_affinity_ref.h"

namespace wordmask::check {
namespace {

struct Shape {
  int64_t archives, images, positions, channels;
  bool weighted = false, bfloat16 = false, in_strides = false;
};

Verdict against_reference(const Shape& s, uint64_t seed, c10::Device device) {
  auto features = uniform({s.archives, s.images, s.positions, s.channels}, seed);
  if (s.bfloat16) features = features.to(at::kBFloat16);
  const auto weights = uniform({s.archives, s.images, s.positions}, seed + 1);
  const auto given = (s.in_strides ? strided(features) : features).to(device);
  const auto found =
      doubles(kernels::max_affinity(given, s.weighted ? std::optional<at::Tensor>(weights.to(device)) : std::nullopt));
  const auto all = doubles(features), factors = doubles(weights);
  const int64_t each = s.images * s.positions, part = each * s.images;
  // A sum of C products of values up to 1, in float32, and one rounding more; tensor cores cut off instead of rounding.
  const double allowed =
      static_cast<double>(s.channels + 2) * std::sqrt(s.channels + 1) * (s.bfloat16 ? 2 : 1) * 0x1p-23;
  Verdict worst = static_cast<int64_t>(found.size()) == s.archives * part ? 0 : INFINITY;
  for (int64_t b = 0; b < s.archives && worst < INFINITY; ++b) {
    const std::vector<double> own(all.begin() + b * each * s.channels, all.begin() + (b + 1) * each * s.channels);
    const std::vector<double> weight =
        s.weighted ? std::vector<double>(factors.begin() + b * each, factors.begin() + (b + 1) * each)
                   : std::vector<double>(each, 1.0);
    const auto exact = wordmask_ref::max_affinity(own, weight, s.images, s.positions, s.channels);
    for (int64_t i = 0; i < part; ++i) {
      const double error = std::abs(found[b * part + i] - exact[i]) / allowed;
      worst = error <= worst ? worst : error;  // NaN is the worst
    }
  }
  return worst;
}

std::vector<Case> cases() {
  const Shape shapes[] = {{1, 1, 1, 1},
                          {1, 2, 3, 0},
                          {1, 3, 64, 32, true},
                          {1, 2, 65, 33, true},
                          {2, 2, 70, 17, true, false, true},
                          {1, 3, 49, 96, false, true},
                          {2, 2, 65, 40, true, true},
                          {1, 2, 67, 31, true, true, true},
                          {0, 2, 4, 8}};
  std::vector<Case> table;
  uint64_t seed = 200;
  for (const auto& s : shapes) {
    const auto name = named("archives=%ld images=%ld positions=%ld channels=%ld%s%s%s seed=%lu", s.archives, s.images,
                            s.positions, s.channels, s.weighted ? " weighted" : "", s.bfloat16 ? " bfloat16" : "",
                            s.in_strides ? " strided" : "", seed);
    table.push_back({name, [=](c10::Device device) { return against_reference(s, seed, device); }});
    seed += 2;
  }
  return table;
}

const CaseTable kTable{"max_affinity", cases};

}  // namespace
}  // namespace wordmask::check

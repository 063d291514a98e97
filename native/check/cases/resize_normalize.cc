#include "kernels/resize_normalize/resize_normalize.h"

#include <algorithm>
#include <cmath>

#include "check/cases/case.h"
#include "kernels/resize_normalize/resize_normalize_ref.h"

namespace wordmask::check {
namespace {

using kernels::Filter;
using kernels::ResizeFrame;
using kernels::ResizeNormalizeOptions;

struct Shape {
  std::vector<std::array<int64_t, 2>> sizes;  // height and width of each image
  std::vector<ResizeFrame> frames;
  int64_t height, width;
  Filter filter = Filter::kBicubic;
  bool in_strides = false;
};

at::Tensor picture(int64_t height, int64_t width, uint64_t seed) {
  return uniform({height, width, 3}, seed).add(1).mul(128).floor().clamp(0, 255).to(at::kByte);
}

Verdict against_reference(const Shape& s, uint64_t seed, c10::Device device) {
  ResizeNormalizeOptions options{s.height, s.width, s.filter, {0.48, 0.46, 0.41}, {0.27, 0.26, 0.28}};
  std::vector<at::Tensor> images, given;
  for (const auto& [height, width] : s.sizes) {
    images.push_back(picture(height, width, seed + images.size()));
    given.push_back((s.in_strides ? strided(images.back()) : images.back()).to(device));
  }
  const auto found = doubles(kernels::resize_normalize(given, s.frames, options));
  const int64_t each = 3 * s.height * s.width;
  Verdict worst = found.size() == images.size() * each ? 0 : INFINITY;
  for (size_t i = 0; i < images.size() && worst < INFINITY; ++i) {
    const auto* bytes = images[i].const_data_ptr<uint8_t>();
    const auto exact = wordmask_ref::resize_normalize({bytes, bytes + images[i].numel()}, s.sizes[i][0], s.sizes[i][1],
                                                      s.frames[i], options);
    for (int64_t at = 0; at < each; ++at) {
      const double error = std::abs(found[i * each + at] - exact[at]) / 1e-6;  // a byte more or less is 0.014
      worst = error <= worst ? worst : error;                                  // NaN is the worst
    }
  }
  return worst;
}

std::vector<Case> cases() {
  const Shape shapes[] = {{{{1, 1}}, {{1, 1}}, 1, 1},
                          {{{1, 1}}, {{5, 4, 1, 1}}, 3, 4},
                          {{{40, 61}}, {{21, 17, 2, 3}}, 14, 16},
                          {{{40, 61}, {13, 7}}, {{21, 17, 2, 3}, {30, 40, 0, 5}}, 14, 16, Filter::kBilinear},
                          {{{40, 61}, {13, 7}}, {{21, 17, 2, 3}, {30, 40, 0, 5}}, 14, 16, Filter::kNearest},
                          {{{33, 29}}, {{64, 50, 7, 9}}, 31, 33, Filter::kBicubic, true},
                          {{{5, 5}}, {{4, 4}}, 0, 3}};
  std::vector<Case> table;
  uint64_t seed = 600;
  for (const auto& s : shapes) {
    const auto name =
        named("images=%zu first=%ldx%ld to %ldx%ld filter=%d%s seed=%lu", s.sizes.size(), s.sizes[0][1], s.sizes[0][0],
              s.width, s.height, static_cast<int>(s.filter), s.in_strides ? " strided" : "", seed);
    table.push_back({name, [=](c10::Device device) { return against_reference(s, seed, device); }});
    seed += 10;
  }
  return table;
}

const CaseTable kTable{"resize_normalize", cases};

}  // namespace
}  // namespace wordmask::check

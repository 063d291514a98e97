#include <ATen/ops/bincount.h>

#include <algorithm>

#include "check/bench.h"
#include "kernels/confusion/confusion.h"

namespace wordmask::check {
namespace {

constexpr int64_t kBlock = 16;  // pixels a side of an area of one label, as label maps have them
constexpr int64_t kIgnore = 255;

at::Tensor labels(int64_t side, int64_t classes, uint32_t seed) {
  const auto blocks = (side + kBlock - 1) / kBlock;
  const auto drawn = uniform({blocks, blocks}, seed).add_(0.5).mul_(static_cast<double>(classes)).floor_();
  const auto grown = drawn.repeat_interleave(kBlock, 0).repeat_interleave(kBlock, 1);
  return grown.narrow(0, 0, side).narrow(1, 0, side).to(at::kByte).contiguous();
}

Prepared prepare(const Parameters& parameters, bool plain) {
  const auto side = parameters.integer("side"), classes = std::min<int64_t>(parameters.integer("classes"), kIgnore);
  const auto truth = labels(side, classes, 1).masked_fill(uniform({side, side}, 3).gt(0.47), kIgnore);
  const auto prediction = labels(side, classes, 2);
  Prepared prepared;
  prepared.ours = [=] { return kernels::confusion(truth, prediction, classes, kIgnore); };
  if (plain)
    prepared.plain = [=] {
      const auto counted = truth.ne(kIgnore);
      const auto pairs =
          truth.masked_select(counted).to(at::kLong).mul_(classes).add_(prediction.masked_select(counted));
      return at::bincount(pairs, {}, classes * classes).view({classes, classes});
    };
  prepared.bytes = 2.0 * static_cast<double>(side * side) + 8.0 * static_cast<double>(classes * classes);
  prepared.flops = static_cast<double>(side * side);
  return prepared;
}

const BenchOp kConfusion{
    "confusion", {{"side", "1024"}, {"classes", "171"}}, {{}, {{"classes", "21"}}, {{"side", "256"}}}, prepare};

}  // namespace
}  // namespace wordmask::check

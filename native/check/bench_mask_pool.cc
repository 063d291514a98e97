#include <ATen/ops/adaptive_avg_pool2d.h>

#include "check/bench.h"
#include "kernels/mask_pool/mask_pool.h"

namespace wordmask::check {
namespace {

Prepared prepare(const Parameters& parameters, bool plain) {
  const auto k = parameters.integer("masks"), side = parameters.integer("side"), grid = parameters.integer("grid"),
             channels = parameters.integer("channels");
  const auto masks = uniform({k, side, side}, 1).gt(0.2).to(parameters.device());
  const auto features = uniform({grid, grid, channels}, 2).to(parameters.device());
  Prepared prepared;
  prepared.ours = [=] { return kernels::mask_pool(masks, features).vectors; };
  const auto pixels = static_cast<double>(k * side * side), cells = static_cast<double>(grid * grid * channels);
  prepared.bytes = pixels + 4 * (cells + static_cast<double>(k * channels));
  prepared.flops = pixels + 2 * static_cast<double>(k) * cells;
  // What people write: the masks as floats, averaged over the cells (whole pixels a cell), then a weighted mean.
  const auto flat = features.reshape({grid * grid, channels});
  if (plain)
    prepared.plain = [=] {
      const auto share = at::adaptive_avg_pool2d(masks.to(at::kFloat), {grid, grid}).reshape({k, grid * grid});
      return share.mm(flat).div_(share.sum(1, /*keepdim=*/true).clamp_min_(1e-6));
    };
  return prepared;
}

const BenchOp kMaskPool{"mask_pool",
                        {{"masks", "100"}, {"side", "512"}, {"grid", "32"}, {"channels", "512"}, {"device", "cpu"}},
                        {{}, {{"masks", "10"}}, {{"side", "1024"}, {"grid", "64"}}},
                        prepare};

}  // namespace
}  // namespace wordmask::check

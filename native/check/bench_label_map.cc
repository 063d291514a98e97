#include <ATen/ops/upsample_bilinear2d.h>

#include "check/bench.h"
#include "kernels/label_map/label_map.h"

namespace wordmask::check {
namespace {

Prepared prepare(const Parameters& parameters, bool plain) {
  const auto classes = parameters.integer("classes"), grid = parameters.integer("grid"),
             side = parameters.integer("side");
  const auto scores = uniform({grid, grid, classes}, 1).to(parameters.device());
  kernels::LabelMapOptions options;
  options.height = options.width = side;
  // What people write: the scores as [1, T, h, w], interpolate, argmax. Both memory layouts of it.
  const auto minor = scores.permute({2, 0, 1}).unsqueeze(0);
  const auto major = minor.contiguous();
  const auto composed = [side](const at::Tensor& planes) {
    return at::upsample_bilinear2d(planes, {side, side}, /*align_corners=*/false).argmax(1).squeeze(0);
  };
  Prepared prepared;
  prepared.ours = [scores, options] { return kernels::label_map(scores, options); };
  if (plain)
    prepared.plain = fastest(
        {{"classes major", [=] { return composed(major); }}, {"channels last", [=] { return composed(minor); }}},
        prepared.note);
  prepared.bytes = static_cast<double>(grid * grid * classes + side * side) * 4;
  prepared.flops = 3.0 * static_cast<double>(side * side * classes);  // one lerp and one comparison
  return prepared;
}

const BenchOp kLabelMap{"label_map",
                        {{"classes", "171"}, {"grid", "32"}, {"side", "512"}, {"device", "cpu"}},
                        {{}, {{"classes", "10"}}, {{"classes", "1000"}}, {{"grid", "14"}, {"side", "224"}}},
                        prepare};

}  // namespace
}  // namespace wordmask::check

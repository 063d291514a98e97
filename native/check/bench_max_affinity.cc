#include <ATen/ops/stack.h>

#include "check/bench.h"
#include "kernels/max_affinity/max_affinity.h"

namespace wordmask::check {
namespace {

// Of the machine's memory: the one matrix [kP, kP] of the plain composition is made up to here only.
constexpr double kWholeMatrix = 8e9;

Prepared prepare(const Parameters& parameters, bool plain) {
  const auto k = parameters.integer("images"), positions = parameters.integer("positions"),
             channels = parameters.integer("channels");
  const auto rows = uniform({k, positions, channels}, 1);
  const auto features =
      rows.div(rows.norm(2, {-1}, /*keepdim=*/true)).to(parameters.device(), parameters.dtype("dtype")).contiguous();
  const auto weights = uniform({k, positions}, 2).add_(1).to(parameters.device());
  const auto all = static_cast<double>(k * positions);
  Prepared prepared;
  prepared.ours = [=] { return kernels::max_affinity(features, weights); };
  prepared.bytes = all * static_cast<double>(channels) * static_cast<double>(features.element_size()) +
                   all * static_cast<double>(k) * 4;
  prepared.flops = all * (all + 1) * static_cast<double>(channels);  // symmetric: half of the products
  if (!plain) return prepared;
  // mm, then amax: of all images at once, and image by image.
  const auto left = features.reshape({k * positions, channels});
  const auto right = left.mul(weights.reshape({-1, 1}).to(features.scalar_type())).t();
  std::vector<std::pair<std::string, std::function<at::Tensor()>>> forms{
      {"mm and amax image by image", [=] {
         std::vector<at::Tensor> parts;
         for (const auto& image : left.split(positions))
           parts.push_back(image.mm(right).view({positions, k, positions}).amax(-1));
         return at::stack(parts);
       }}};
  if (all * all * 4 <= kWholeMatrix)
    forms.push_back({"one mm and amax", [=] { return left.mm(right).view({k, positions, k, positions}).amax(-1); }});
  prepared.plain = fastest(forms, prepared.note);
  return prepared;
}

const BenchOp kMaxAffinity{
    "max_affinity",
    {{"images", "50"}, {"positions", "196"}, {"channels", "384"}, {"dtype", "float32"}, {"device", "cpu"}},
    {{}, {{"dtype", "bfloat16"}}, {{"images", "10"}}, {{"images", "10"}, {"positions", "784"}}},
    prepare};

}  // namespace
}  // namespace wordmask::check

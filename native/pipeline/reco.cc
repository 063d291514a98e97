#include "pipeline/reco.h"

#include <ATen/ATen.h>

#include "pipeline/reco_weights.h"

namespace wordmask::pipeline {

at::Tensor stack_images(std::vector<at::Tensor>& images) {
  c10::InferenceMode guard;
  const auto all = at::stack(images);
  images.clear();
  return all;
}

RecoReference reco_reference(const RecoImages& images, kernels::AffinityWindow window, const Cancel& cancel) {
  c10::InferenceMode guard;
  const auto unit = unit_cells(images.features, "features");
  const auto clip = images.clip.defined() ? unit_cells(images.clip, "dense CLIP features") : at::Tensor();
  if (cancel) cancel->check();
  const auto weights = reco_weights(unit, clip, images.text, images.contexts);
  RecoReference reference{{}, reco_seeds(unit.flatten(1, 2), weights.flatten(1, 2), window, cancel)};

  const auto rows = images.features.flatten(1, 2);  // raw: images with longer features weigh more
  const auto index = reference.seeds.positions.view({-1, 1, 1}).expand({-1, 1, rows.size(2)});
  const auto mean = rows.gather(1, index).squeeze(1).to(at::kDouble).mean(0);
  const double length = mean.norm().item<double>();
  WM_CHECK(length > 0, code::kInvalidArgument, "Expected seeds that point somewhere but the mean of ", rows.size(0),
           " features is 0");
  reference.embedding = (mean / length).to(at::kFloat).contiguous();
  return reference;
}

}  // namespace wordmask::pipeline

#pragma once
#include <vector>

#include "pipeline/reco_seeds.h"

namespace wordmask::pipeline {

// The k images of a name, as a dense encoder and a dense CLIP see them.
struct RecoImages {
  at::Tensor features;  // float32 [k, h, w, C], as the encoder gives them
  at::Tensor clip;      // float32 [k, h', w', D], of any length; undefined: no language guidance
  at::Tensor text;      // float32 [D]: the name
  at::Tensor contexts;  // float32 [m, C]: references to turn away from; undefined or m = 0: no context elimination
};

struct RecoReference {
  at::Tensor embedding;  // float32 [C], length 1: the normalised mean of the features at the seeds, as they are
  RecoSeeds seeds;       // positions: row-major in [h, w]
};

// Images [h, w, C] of one shape -> [k, h, w, C]; the list is emptied, so that nothing is held twice.
at::Tensor stack_images(std::vector<at::Tensor>& images);

// Retrieve and co-segment (methods/reco.md 2.6, 2.7): the one place of each image that the images of a name have in
// common. Memory beside the inputs: the features once in float64 and once in float32, [k h w, k] maxima, and [rows, h
// w] products, rows being a few places of each image; never [k h w, k h w]. ERR_WORDMASK_INVALID_ARGUMENT: other
// shapes, a feature of length 0 or that is not finite, seeds whose mean is 0.
RecoReference reco_reference(const RecoImages& images, kernels::AffinityWindow window, const Cancel& cancel);

}  // namespace wordmask::pipeline

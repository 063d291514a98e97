#pragma once
#include "models/clip.h"

namespace wordmask::models {

// OpenAI's initialisation (normal, scaled by width and depth, for the blocks of both towers; convolutions uniform;
// norms 1 and 0, the last norm of a residual branch of a ResNet 0; biases 0; logit scale log(1 / .07)): where training
// from scratch starts. The same seed gives the same weights.
void initialize(ClipImpl& clip, uint64_t seed);

// Every parameter redrawn so that a wrong constant anywhere shows in the output (design.md 12): matrices N(0, 1 /
// fan_in), gains N(1, .1), biases N(0, .1), embeddings N(0, 1 / 4); BatchNorm statistics from one pass over smooth
// random images. For tests and benchmarks.
void redraw(ClipImpl& clip, uint64_t seed);

}  // namespace wordmask::models

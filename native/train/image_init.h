#pragma once
#include "train/parameters.h"

namespace wordmask::train {

// Where an image tower starts from: positions as two-dimensional sines and cosines (Chen, Xie, He 2021), attention that
// looks at like tokens, as trained towers do (Trockman, Kolter 2023: W_q^T W_k near the identity, W_out W_v near its
// negative). A small ViT learns from few pictures several times sooner than from OpenAI's random start.
void initialize_image_tower(const models::ClipConfig& config, uint64_t seed, ParameterStore& store);

}  // namespace wordmask::train

#pragma once
#include <string>

#include "train/clip_trainer.h"
#include "train/parameters.h"

namespace wordmask::train {

// What a resumed run needs beside the parameters. Data needs nothing: step t's samples follow from (seed, t).
struct TrainState {
  int64_t step = 0;        // steps done
  double seconds = 0;      // wall clock of all sessions
  double cpu_seconds = 0;  // user and system, all threads
};

// What must be equal for a run to be continued: everything in the options that changes the weights.
std::string recipe_of(const TrainClipOptions& options);

// <into>/checkpoint.safetensors: parameters, both moments (float32) and the state, written beside and renamed.
void save_checkpoint(const std::string& file, const ParameterStore& store, const TrainState& state,
                     const std::string& recipe);

// False when there is no such file. ERR_WORDMASK_CHECKPOINT when it is damaged, ERR_WORDMASK_VERSION when it is newer,
// ERR_WORDMASK_INVALID_ARGUMENT when it was made by another recipe.
bool load_checkpoint(const std::string& file, ParameterStore& store, TrainState& state, const std::string& recipe);

// OpenAI's keys, stored as `dtype`.
void save_weights(const std::string& file, const ParameterStore& store, at::ScalarType dtype);

// Starts from a CLIP's weights (OpenAI keys, any storage dtype); strict: ERR_WORDMASK_CHECKPOINT_KEYS names what
// differs.
void load_weights(const std::vector<std::string>& files, ParameterStore& store);

}  // namespace wordmask::train

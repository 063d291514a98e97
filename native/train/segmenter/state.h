#pragma once
#include <string>

#include "train/segmenter/optimiser.h"

namespace wordmask::train {

// What a resumed run needs beside network and moments. Data needs nothing: the samples of step t follow from (seed, t).
struct SegmenterState {
  int64_t step = 0;       // steps done
  int64_t looked = 0;     // the last one after which there was validation, or samples
  int64_t best_step = 0;  // of the best mIoU so far; 0: nothing was validated
  double best_miou = -1;
  int64_t since_best = 0;  // validations without a better one
  double seconds = 0;      // wall clock of all sittings
  double cpu_seconds = 0;  // user and system, all threads
};

// <into>/checkpoint.safetensors: the network with its statistics, moments and state, written beside and renamed.
void save_checkpoint(const std::string& file, const models::DeepLabV3PlusImpl& model, const Optimiser& optimiser,
                     const SegmenterState& state, const std::string& recipe);

// False when there is no such file. ERR_WORDMASK_CHECKPOINT when it is damaged, ERR_WORDMASK_VERSION when it is newer,
// ERR_WORDMASK_INVALID_ARGUMENT when it was made by another recipe.
bool load_checkpoint(const std::string& file, models::DeepLabV3PlusImpl& model, Optimiser& optimiser,
                     SegmenterState& state, const std::string& recipe);

}  // namespace wordmask::train

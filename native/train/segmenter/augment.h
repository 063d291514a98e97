#pragma once
#include <ATen/core/Tensor.h>

#include "train/segmenter/dataset.h"
#include "train/segmenter/options.h"

namespace wordmask::train {

struct TrainingBatch {
  at::Tensor pixels;  // float32 [b, 3, h, w], normalised
  at::Tensor labels;  // int64 [b, h, w], 255: ignored
};

// Samples first .. first + batch_size - 1 of the endless shuffled stream, each a pure function of (seed, its index):
// epoch after epoch without a gap, so that no batch is short. Scale, pad (the picture's mean colour; 255), crop,
// mirror, colours, blur, normalise: methods/reco.md 3. Made on the calling thread's OpenMP team.
TrainingBatch training_batch(const PackedPictures& pictures, const TrainSegmenterOptions& options, int64_t first);

// Picture i as it is. -> float32 [3, H, W], normalised
at::Tensor plain_pixels(const PackedPictures& pictures, const TrainSegmenterOptions& options, int64_t i);

}  // namespace wordmask::train

#pragma once
#include <memory>

#include "train/source.h"

namespace wordmask::train {

// Pictures and captions from two safetensors files: `pixels` uint8 [n, s, s, 3] and `tokens` int32 [n, context], zero
// padded. Memory-mapped; visited in a new order every epoch. No tags: each picture's caption is its only positive.
std::unique_ptr<Source> open_packed_source(const TrainClipOptions& options);

}  // namespace wordmask::train

#pragma once
#include <ATen/core/Tensor.h>

#include <bitset>
#include <memory>
#include <vector>

#include "base/image.h"
#include "train/clip_trainer.h"

namespace wordmask::train {

using Names = std::bitset<256>;

// Rows of the token table, start and end included.
struct CaptionRow {
  std::vector<int64_t> tokens;
  Names named;              // what it mentions
  bool everything = false;  // it is true of pictures that show just that, else of all that show at least that
};

struct Sample {
  ImageU8 image;
  std::vector<CaptionRow> captions;  // of the class-token term; as many for every sample of a source
  std::vector<int64_t> single;       // caption of the patch-level term where it does not compare with names
  Names present;                     // what the picture shows (image-level tags, never pixels)
};

// [pictures, all their captions]: 1 where the caption is true of the picture; 0 for a caption that names nothing.
at::Tensor caption_truth(const std::vector<const Sample*>& pictures);

// Where pictures and captions come from; sample `index` is a pure function of (source, seed, size, index). Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  virtual bool has_tags() const = 0;
  // Token rows of every name that captions use, in index order, in a prompt drawn by `draw`; none without tags.
  virtual std::vector<std::vector<int64_t>> names(uint64_t draw) const { return {}; }
  virtual Sample sample(uint64_t index, int size) const = 0;
};

std::unique_ptr<Source> open_source(const TrainClipOptions& options);

}  // namespace wordmask::train

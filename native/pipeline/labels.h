#pragma once
#include <vector>

#include "base/image.h"
#include "kernels/label_map/label_map.h"
#include "pipeline/score_grid.h"

namespace wordmask::pipeline {

struct LabelOptions {
  int width = 0, height = 0;  // of the image
  int classes = 0;            // the first so many names; those beyond are background
  enum class Background { kNone, kNames, kThreshold } background = Background::kNone;
  // Pixels whose best name has less are background: of the softmax of temperature * score, or where the temperature is
  // 0 of the score itself.
  double threshold = 0, temperature = 0;
};

struct Labels {
  LabelMap map;
  std::vector<int64_t> counts;  // pixels of each label value
};

// The best name of every pixel by its bilinearly interpolated scores, those of two grids multiplied; class i is i, or
// i + 1 where there is a background (0). Memory beside the grids: the labels and a row of scores a thread.
Labels label_grids(const std::vector<ScoreGrid>& grids, const LabelOptions& options);

// The pieces of it, for what puts something between scores and labels (refine.h).
// ERR_WORDMASK_INVALID_ARGUMENT: grids that are not one or two of as many names as the options say.
void check_labelling(const std::vector<ScoreGrid>& grids, const LabelOptions& options);
kernels::LabelMapOptions mapping_of(const std::vector<ScoreGrid>& grids, const LabelOptions& options);
// best: int32 [height, width], index of a name or -1 for background.
Labels labels_of(const at::Tensor& best, const LabelOptions& options);

// The interpolated scores themselves: grids [h, w, n] -> [n, height, width], half-pixel centres, those of several grids
// multiplied.
at::Tensor upsample(const std::vector<ScoreGrid>& grids, int width, int height);

}  // namespace wordmask::pipeline

#pragma once
#include <ATen/core/Tensor.h>

#include "base/cancel.h"
#include "pipeline/dense_queue.h"

namespace wordmask::pipeline {

// Scores of names at the cells of a grid that lies over an image: what every method of segmentation ends in.
struct ScoreGrid {
  at::Tensor scores;  // float32 [h, w, T], class-minor
  // Cells that lie under the image, from the upper left; not whole where it was padded to whole cells. 0: all of them.
  double extent_h = 0, extent_w = 0;
};

// sigmoid > 0: 1 / (1 + exp(-sigmoid * cosine)), between 0 and 1 (methods/reco.md 2.8); 0: the cosine.
struct ScoreOptions {
  double sigmoid = 0;
};

// Cosines of features [h, w, C], of any length, with rows [T, C], which are of length 1 -> [h, w, T].
// ERR_WORDMASK_INVALID_ARGUMENT: other shapes, a feature of length 0 or that is not finite.
at::Tensor score_features(const at::Tensor& features, const at::Tensor& rows, const ScoreOptions& options);

struct DenseScores {
  ScoreGrid grid;
  int together = 1;  // pictures of the tower pass that saw this one
};

// Dense features of a CLIP against text [T, d]. `picture` stands in `line` and is seen as `view` says.
DenseScores dense_scores(Clip& clip, DenseQueue& line, const DenseQueue::Ticket& picture, const at::Tensor& text,
                         const DenseOptions& view, const ScoreOptions& options, const Cancel& cancel);

}  // namespace wordmask::pipeline

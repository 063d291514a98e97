#pragma once
#include "base/cancel.h"
#include "pipeline/labels.h"
#include "pipeline/refine_options.h"

namespace wordmask::pipeline {

// label_grids with the names' probabilities refined by the colours of the image. Probabilities are the softmax of
// `temperature` * score; with a temperature of 0 the CRF takes the softmax of the score (methods/reco.md 2.8), PAMR the
// score itself. The threshold of a background is that of what comes out.
//
// Memory: probabilities of all names at all pixels, 4 T H W bytes, and what the method takes beside them
// (dense_crf.h, pamr.h). ERR_WORDMASK_MEMORY: more than most_bytes of the method; for the volume alone that is seen
// before it is made.
Labels refine_grids(const ImageU8& image, const std::vector<ScoreGrid>& grids, const LabelOptions& labels,
                    double temperature, const RefineOptions& options, const Cancel& cancel, const Progress& progress);

}  // namespace wordmask::pipeline

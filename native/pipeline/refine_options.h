#pragma once
#include "kernels/dense_crf/dense_crf.h"
#include "kernels/pamr/pamr.h"

namespace wordmask::pipeline {

struct RefineOptions {
  enum class Method { kCrf, kPamr } method = Method::kCrf;
  kernels::DenseCrfOptions crf;
  kernels::PamrOptions pamr;
  // Leave out names that win at no pixel before refinement. Not exact: what they held is shared among the others.
  bool prune = false;
};

}  // namespace wordmask::pipeline

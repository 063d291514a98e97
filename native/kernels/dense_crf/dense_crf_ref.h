#pragma once
#include <vector>

#include "kernels/dense_crf/dense_crf.h"

namespace wordmask_ref {

// Probabilities [height * width, labels] and rgb [height * width, 3] of a CRF, plain and in float64.
struct CrfProblem {
  int64_t height, width, labels;
  std::vector<double> probabilities;
  std::vector<uint8_t> rgb;
  wordmask::kernels::DenseCrfOptions options;
};

// Q by the formula of dense_crf.h with the Gaussians themselves, every pair of pixels.
std::vector<double> exact_dense_crf(const CrfProblem& problem);

// Q with the Gaussians on a permutohedral lattice, a pixel and a label at a time.
std::vector<double> lattice_dense_crf(const CrfProblem& problem);

}  // namespace wordmask_ref

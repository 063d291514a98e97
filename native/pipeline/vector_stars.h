#pragma once
#include "kernels/stars/vector_stars.h"
#include "pipeline/mapped_vectors.h"

namespace wordmask::pipeline {

// kernels::vector_stars over a file. ERR_WORDMASK_VECTORS: it was cut short meanwhile.
kernels::Stars vector_stars(const MappedVectors& vectors, const kernels::VectorStarOptions& options,
                            const Cancel& cancel, const Progress& progress);

}  // namespace wordmask::pipeline

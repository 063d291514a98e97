#include "pipeline/vector_stars.h"

namespace wordmask::pipeline {

kernels::Stars vector_stars(const MappedVectors& vectors, const kernels::VectorStarOptions& options,
                            const Cancel& cancel, const Progress& progress) {
  return kernels::vector_stars(vectors.rows(), options, cancel, progress, [&] {
    if (cancel) cancel->check();
    vectors.check();
  });
}

}  // namespace wordmask::pipeline

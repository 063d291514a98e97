#pragma once

namespace wordmask::kernels::light {

// For tests: the vectors of "default", "avx2" or "avx512" machines; null goes back to this one's. False where it lacks
// them.
bool limit_vectors(const char* name);

}  // namespace wordmask::kernels::light

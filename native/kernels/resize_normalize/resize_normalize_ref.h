#pragma once
#include <vector>

#include "kernels/resize_normalize/resize_normalize.h"

namespace wordmask_ref {

// The whole resized image, bytes [height, width, 3], by the formula of resize_normalize.h, a position at a time.
std::vector<uint8_t> resize(const std::vector<uint8_t>& image, int64_t height, int64_t width, int64_t new_height,
                            int64_t new_width, wordmask::kernels::Filter filter);

// Then the window, normalised in float64: [3, options.height, options.width].
std::vector<double> resize_normalize(const std::vector<uint8_t>& image, int64_t height, int64_t width,
                                     const wordmask::kernels::ResizeFrame& frame,
                                     const wordmask::kernels::ResizeNormalizeOptions& options);

}  // namespace wordmask_ref

#pragma once
#include <vector>

#include "base/image.h"

namespace wordmask::pipeline {

// side x side grey values, row-major: the mean of ITU-R BT.601's luma, with Pillow's weights (19595 R + 38470 G + 7471
// B) / 2^16, over the part of the picture under each of side x side equal cells; a pixel that lies under several counts
// for each by its share. In whole numbers, rounded half up once: alike on every machine.
std::vector<uint8_t> grey_thumbnail(const ImageU8& image, int side);

}  // namespace wordmask::pipeline

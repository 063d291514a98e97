#pragma once
#include <string>
#include <vector>

#include "base/image.h"

namespace wordmask::train {

// In a lookup table: a label value that the data set does not have.
inline constexpr uint8_t kUnknownValue = 254;

struct FittedPicture {
  std::vector<uint8_t> pixels;  // [height, width, 3]
  std::vector<uint8_t> labels;  // [height, width]
  int unknown = -1;             // a label value that has no class; labels are empty then
};

// A picture and its label map as a row of packed pictures (dataset.h): resized so that it covers width x height
// (bilinear with antialiasing, as Pillow; labels nearest), then the middle of it. lookup[value] is the class of a label
// value, or 255. ERR_WORDMASK_INVALID_ARGUMENT for labels of another size than the picture.
FittedPicture fit_picture(const ImageU8& image, const LabelMap& labels, const std::vector<uint8_t>& lookup, int width,
                          int height);

}  // namespace wordmask::train

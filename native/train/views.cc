#include "train/views.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "kernels/resize_normalize/resize_normalize.h"
#include "train/augment.h"

namespace wordmask::train {

namespace {
constexpr float kMostMagnified = 1.7f;

ImageU8 magnified(const ImageU8& image, const ViewWindow& window) {
  const auto pixels = at::from_blob(const_cast<uint8_t*>(image.data.data()), {image.height, image.width, 3},
                                    at::kByte);  // read only
  const kernels::ResizeFrame frame{window.scaled, window.scaled, window.left, window.top};
  const auto made =
      kernels::resize_normalize({pixels}, {frame}, {window.side, window.side, kernels::Filter::kBilinear});
  const auto bytes = (made.squeeze(0).permute({1, 2, 0}) * 255).round().to(at::kByte).contiguous();
  ImageU8 result = image;
  std::copy_n(bytes.const_data_ptr<uint8_t>(), bytes.numel(), result.data.begin());
  return result;
}
}  // namespace

int64_t ViewWindow::shown(int64_t at) const {
  const int64_t grid = side / patch, y = at / grid, x = at % grid;
  // Twice the middle, in pixels of the scaled picture; a patch of the picture is scaled / grid of them wide.
  const auto place = [&](int64_t offset, int64_t cell) {
    const int64_t middle = 2 * offset + (2 * cell + 1) * patch;
    return std::clamp<int64_t>(middle * grid / (2 * int64_t{scaled}), 0, grid - 1);
  };
  const int64_t column = place(left, second_mirrored ? grid - 1 - x : x);
  return place(top, y) * grid + (first_mirrored ? grid - 1 - column : column);
}

void draw_views(const ImageU8& image, int patch, Random& random, float* first, float* second, int64_t* shown) {
  ViewWindow window{image.width, patch};
  window.scaled = static_cast<int>(static_cast<float>(image.width) * random.uniform(1, kMostMagnified));
  window.left = random.below(window.scaled - window.side + 1);
  window.top = random.below(window.scaled - window.side + 1);
  window.first_mirrored = picture_to_patches(image, patch, &random, first);
  window.second_mirrored = picture_to_patches(magnified(image, window), patch, &random, second);
  const int64_t grid = image.width / patch;
  for (int64_t at = 0; at < grid * grid; ++at) shown[at] = window.shown(at);
}

}  // namespace wordmask::train

#include <ATen/ATen.h>

#include "models/clip.h"
#include "pipeline/clip.h"
#include "pipeline/preprocess.h"

namespace wordmask::pipeline {

namespace {
at::Tensor unit(const at::Tensor& features) { return features / features.norm(2, -1, true).clamp_min(1e-12); }

// Upper left cells of windows of `crop` cells every `stride`; the last one ends where the grid ends.
std::vector<int64_t> starts(int64_t cells, int64_t crop, int64_t stride) {
  std::vector<int64_t> result;
  for (int64_t at = 0;; at += stride) {
    result.push_back(std::max<int64_t>(0, std::min(at, cells - crop)));
    if (at + crop >= cells) return result;
  }
}

void check_slide(const DenseOptions& options, int64_t cell) {
  const auto whole = [&](int value) { return value > 0 && value % cell == 0; };
  WM_CHECK(whole(options.crop) && whole(options.stride) && options.stride <= options.crop, code::kInvalidArgument,
           "Expected slide.crop and slide.stride as multiples of ", cell, " pixels with stride <= crop but received ",
           options.crop, " and ", options.stride);
}
}  // namespace

at::Tensor Clip::dense_pixels(const at::Tensor& pixels, bool normalize) {
  c10::InferenceMode guard;
  return dense_pass(pixels, normalize, /*recordable=*/true);
}

at::Tensor Clip::dense_pass(const at::Tensor& pixels, bool normalize, bool recordable) {
  const bool one = pixels.dim() == 3;
  WM_CHECK((one || pixels.dim() == 4) && pixels.size(-3) == 3 && pixels.numel() > 0, code::kInvalidArgument,
           "Expected pixels [3, height, width] or [n, 3, height, width] but received ", pixels.sizes());
  const auto answers = pass_(
      kDense, one ? pixels.unsqueeze(0) : pixels,
      [this](const at::Tensor& there) { return model_->visual->dense(there); }, recordable);
  const auto features = one ? answers.squeeze(0) : answers;
  return (normalize ? unit(features) : features).contiguous();
}

at::Tensor Clip::dense_features(const ImageU8& image, const DenseOptions& options, const Cancel& cancel) {
  c10::InferenceMode guard;
  auto pixels = resize(image, options.width, options.height, options);  // [3, height, width]
  if (options.crop == 0) return dense_pixels(pixels, options.normalize);

  WM_CHECK(options.normalize, code::kInvalidArgument, "Expected normalize together with slide");
  const auto cell = model_->visual->cell();
  check_slide(options, cell);
  // Zeros right and below up to whole cells, so that every window begins on a cell.
  const int64_t h = (options.height + cell - 1) / cell, w = (options.width + cell - 1) / cell;
  pixels = at::constant_pad_nd(pixels, {0, w * cell - options.width, 0, h * cell - options.height});
  const auto crop_h = std::min(options.crop / cell, h), crop_w = std::min(options.crop / cell, w);
  // Windows as large as the picture are of as many sizes as pictures.
  const bool whole = crop_h * cell == options.crop && crop_w * cell == options.crop;
  auto sum = at::zeros({h, w, config_.embed_dim}, at::kFloat);
  for (const auto y : starts(h, crop_h, options.stride / cell)) {
    for (const auto x : starts(w, crop_w, options.stride / cell)) {
      if (cancel) cancel->check();
      const auto window = pixels.narrow(1, y * cell, crop_h * cell).narrow(2, x * cell, crop_w * cell);
      sum.narrow(0, y, crop_h).narrow(1, x, crop_w).add_(dense_pass(window, /*normalize=*/true, whole));
    }
  }
  return unit(sum);  // a mean of unit vectors points where their sum does
}

}  // namespace wordmask::pipeline

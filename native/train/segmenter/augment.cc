#include "train/segmenter/augment.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/resize_normalize/resize_normalize.h"
#include "train/random.h"
#include "train/segmenter/colour.h"
#include "train/shuffle.h"

namespace wordmask::train {

namespace {
constexpr uint64_t kStream = 0x5e91;

int64_t drawn_offset(Random& random, int64_t size, int64_t crop) {
  return size > crop ? random.below(static_cast<int>(size - crop + 1)) : 0;
}

// Nearest, as Pillow's: output o of `resized` looks at input floor((o + 0.5) * size / resized).
int64_t nearest(int64_t o, int64_t size, int64_t resized) {
  return std::min(size - 1, (2 * o + 1) * size / (2 * resized));
}

void jitter(const Planes& picture, const SegmenterAugment& a, Random& random) {
  std::array<int, 4> order{0, 1, 2, 3};
  for (int i = 3; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  const auto factor = [&](double width) {
    return random.uniform(static_cast<float>(std::max(0.0, 1 - width)), static_cast<float>(1 + width));
  };
  for (const int change : order) {
    if (change == 0) brighten(picture, factor(a.brightness));
    if (change == 1) contrast(picture, factor(a.contrast));
    if (change == 2) saturate(picture, factor(a.saturation));
    if (change == 3) turn_hue(picture, random.uniform(static_cast<float>(-a.hue), static_cast<float>(a.hue)));
  }
}

void change_colours(const Planes& picture, const SegmenterAugment& a, Random& random) {
  if (random.chance(static_cast<float>(a.jitter))) jitter(picture, a, random);
  if (random.chance(static_cast<float>(a.grey))) to_grey(picture);
  if (!random.chance(static_cast<float>(a.blur))) return;
  const int64_t side = std::min(picture.width, picture.height), size = side / 10 / 2 * 2 + 1;
  std::vector<float> scratch(static_cast<size_t>(picture.n()));
  blur(picture, size, random.uniform(0.1f, 2.0f), scratch.data());
}

void mirror(const Planes& picture, int64_t* labels) {
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t c = 0; c < 3; ++c) {
      float* row = picture.data + c * picture.n() + y * picture.width;
      std::reverse(row, row + picture.width);
    }
    std::reverse(labels + y * picture.width, labels + (y + 1) * picture.width);
  }
}

// The scaled picture's window, padded right and below.
void draw_window(const PackedPictures& pictures, int64_t row, const SegmenterAugment& a, Random& random,
                 const Planes& out, int64_t* labels) {
  const auto pixels = pictures.pixels(row), map = pictures.labels(row);
  const int64_t w = pictures.width(), h = pictures.height();
  const double scale = random.uniform(static_cast<float>(a.scale_low), static_cast<float>(a.scale_high));
  const auto scaled = [&](int64_t side) { return std::max<int64_t>(1, static_cast<int64_t>(side * scale)); };
  kernels::ResizeFrame frame{scaled(w), scaled(h)};
  frame.left = drawn_offset(random, frame.width, out.width);
  frame.top = drawn_offset(random, frame.height, out.height);
  const int64_t width = std::min(frame.width, out.width), height = std::min(frame.height, out.height);
  const auto window = kernels::resize_normalize({pixels}, {frame}, {height, width, kernels::Filter::kBilinear});
  std::array<float, 3> mean{};
  if (width < out.width || height < out.height) {
    const auto means = window.mean({0, 2, 3});
    for (int c = 0; c < 3; ++c) mean[c] = std::floor(255 * means[c].item<float>()) / 255;
  }
  const auto* from = window.const_data_ptr<float>();
  const auto* label = map.const_data_ptr<uint8_t>();
  for (int64_t y = 0; y < out.height; ++y) {
    const int64_t given = y < height ? width : 0;
    for (int64_t c = 0; c < 3; ++c) {
      float* to = out.data + c * out.n() + y * out.width;
      std::copy_n(from + (c * height + std::min(y, height - 1)) * width, given, to);
      std::fill(to + given, to + out.width, mean[c]);
    }
    int64_t* to = labels + y * out.width;
    for (int64_t x = 0; x < given; ++x)
      to[x] = label[nearest(y + frame.top, h, frame.height) * w + nearest(x + frame.left, w, frame.width)];
    std::fill(to + given, to + out.width, int64_t{kIgnored});
  }
}

void normalise(const Planes& picture, const TrainSegmenterOptions& o) {
  for (int64_t c = 0; c < 3; ++c) {
    const auto mean = static_cast<float>(o.mean[c]), scale = static_cast<float>(1 / o.std[c]);
    float* plane = picture.data + c * picture.n();
    for (int64_t i = 0; i < picture.n(); ++i) plane[i] = (plane[i] - mean) * scale;
  }
}
}  // namespace

TrainingBatch training_batch(const PackedPictures& pictures, const TrainSegmenterOptions& o, int64_t first) {
  const auto n = static_cast<uint64_t>(pictures.count());
  TrainingBatch batch{at::empty({o.batch_size, 3, o.crop_height, o.crop_width}, at::kFloat),
                      at::empty({o.batch_size, o.crop_height, o.crop_width}, at::kLong)};
  at::parallel_for(0, o.batch_size, 1, [&](int64_t begin, int64_t end) {
    c10::InferenceMode guard;
    for (int64_t i = begin; i < end; ++i) {
      const auto index = static_cast<uint64_t>(first + i);
      const auto row = static_cast<int64_t>(shuffled(index % n, n, o.seed, index / n));
      pictures.check_labels(row, o.model.classes);
      Random random(o.seed, kStream, index);
      const Planes out{batch.pixels.mutable_data_ptr<float>() + i * batch.pixels.stride(0), o.crop_width,
                       o.crop_height};
      int64_t* labels = batch.labels.mutable_data_ptr<int64_t>() + i * batch.labels.stride(0);
      draw_window(pictures, row, o.augment, random, out, labels);
      if (random.chance(static_cast<float>(o.augment.flip))) mirror(out, labels);
      change_colours(out, o.augment, random);
      normalise(out, o);
    }
  });
  return batch;
}

at::Tensor plain_pixels(const PackedPictures& pictures, const TrainSegmenterOptions& o, int64_t i) {
  const kernels::ResizeFrame frame{pictures.width(), pictures.height()};
  return kernels::resize_normalize({pictures.pixels(i)}, {frame},
                                   {frame.height, frame.width, kernels::Filter::kBilinear, o.mean, o.std})
      .squeeze(0);
}

}  // namespace wordmask::train

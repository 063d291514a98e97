#include "pipeline/dense_queue.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "pipeline/preprocess.h"

namespace wordmask::pipeline {

namespace {
at::Tensor tower_input(const DenseQueue::Place& place) {
  return resize(place.image, place.view.width, place.view.height, place.view);
}

bool seen_alike(const DenseOptions& a, const DenseOptions& b) {
  return a.crop == 0 && b.crop == 0 && a.width == b.width && a.height == b.height;
}
}  // namespace

DenseQueue::Ticket DenseQueue::add(ImageU8 image, const DenseOptions& view) {
  return line_.add({std::move(image), view, {}, 1});
}

at::Tensor DenseQueue::features(Clip& clip, const Ticket& own, const Cancel& cancel) {
  c10::InferenceMode guard;
  if (own->features.defined()) return std::move(own->features);
  if (cancel) cancel->check();  // before others come along: they would lose their company
  const int64_t area = std::max<int64_t>(1, int64_t{own->view.width} * own->view.height);
  int64_t room = std::clamp<int64_t>(kPixels / area, 1, kTogether) - 1;
  const auto others =
      line_.take(own, [&](const Place& other) { return room > 0 && seen_alike(own->view, other.view) && room-- > 0; });
  if (others.empty()) return clip.dense_features(own->image, own->view, cancel);

  const auto first = tower_input(*own);
  std::vector<Ticket> together;
  std::vector<at::Tensor> pixels{first};
  for (const auto& other : others) {
    try {
      pixels.push_back(tower_input(*other));
      together.push_back(other);
    } catch (const std::exception&) {
      // Its own turn tells its caller why.
    }
  }
  at::Tensor features;
  try {
    features = clip.dense_pixels(at::stack(pixels));
  } catch (const std::exception&) {
    return clip.dense_pixels(first);
  }
  own->together = static_cast<int>(pixels.size());
  for (size_t i = 0; i < together.size(); ++i) {
    // A copy, so that an answer waiting for its turn does not hold the features of the whole pass.
    together[i]->features = features[static_cast<int64_t>(i) + 1].clone();
    together[i]->together = own->together;
  }
  return features[0].clone();
}

}  // namespace wordmask::pipeline

#include "pipeline/encode_queue.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace wordmask::pipeline {

namespace {
using Place = EncodeQueue::Place;

bool of_a_kind(const Place& a, const Place& b) {
  return a.tokens.defined() == b.tokens.defined() && a.normalize == b.normalize;
}

at::Tensor tower_input(const Clip& clip, const Place& place) {
  if (place.tokens.defined()) return place.tokens;
  std::vector<const ImageU8*> images;
  for (const auto& image : place.images) images.push_back(&image);
  return clip.preprocess(images, place.resize, {});
}

// Images of calls that want them resized alike, resized together, so that they share the threads. Undefined: they do
// not, or one of them cannot be, and each call is to be looked at by itself.
at::Tensor joint_input(const Clip& clip, const Place& own, const std::vector<EncodeQueue::Ticket>& others) {
  std::vector<const ImageU8*> images;
  const auto take = [&](const Place& place) {
    for (const auto& image : place.images) images.push_back(&image);
    return !place.tokens.defined() && place.resize == own.resize;
  };
  if (!take(own) || !std::ranges::all_of(others, [&](const auto& other) { return take(*other); })) return {};
  try {
    return clip.preprocess(images, own.resize, {});
  } catch (const std::exception&) {
    return {};
  }
}

at::Tensor encode(Clip& clip, const Place& own, const at::Tensor& input) {
  if (!own.tokens.defined()) return clip.encode_pixels(input, own.normalize);
  return clip.encode_text(input, own.normalize, static_cast<int>(input.size(0)), {}, {});
}

at::Tensor alone(Clip& clip, Place& own, const Cancel& cancel, const Progress& progress) {
  own.together = own.rows();
  if (own.tokens.defined()) return clip.encode_text(own.tokens, own.normalize, own.batch_size, cancel, progress);
  return clip.encode_image(own.images, own.resize, own.normalize, own.batch_size, cancel, progress);
}
}  // namespace

at::Tensor EncodeQueue::answer(Clip& clip, const Ticket& own, const Cancel& cancel, const Progress& progress) {
  c10::InferenceMode guard;
  const auto done = [&] {
    if (progress) progress(static_cast<double>(own->rows()), static_cast<double>(own->rows()));
  };
  if (own->answer.defined()) {
    done();
    return own->answer;
  }
  if (cancel) cancel->check();  // before others come along: they would lose their company
  int64_t room = own->rows() > 0 ? std::min<int64_t>(kTogether, own->batch_size) - own->rows() : 0;
  const auto others = line_.take(own, [&](const Place& other) {
    const bool joins = other.rows() > 0 && other.rows() <= room && of_a_kind(*own, other);
    if (joins) room -= other.rows();
    return joins;
  });
  if (others.empty()) return alone(clip, *own, cancel, progress);

  std::vector<Ticket> together = others;
  at::Tensor input = joint_input(clip, *own, others);
  if (!input.defined()) {
    together.clear();
    std::vector<at::Tensor> inputs{tower_input(clip, *own)};
    for (const auto& other : others) {
      try {
        inputs.push_back(tower_input(clip, *other));
        together.push_back(other);
      } catch (const std::exception&) {
        // Its own turn tells its caller why.
      }
    }
    input = at::cat(inputs);
  }
  at::Tensor rows;
  try {
    rows = encode(clip, *own, input);
  } catch (const std::exception&) {
    return alone(clip, *own, cancel, progress);
  }
  own->together = rows.size(0);
  int64_t from = own->rows();
  for (const auto& other : together) {
    // A copy, so that an answer waiting for its turn does not hold those of the whole pass.
    other->answer = rows.narrow(0, from, other->rows()).clone();
    other->together = rows.size(0);
    from += other->rows();
  }
  done();
  return rows.narrow(0, 0, own->rows()).clone();
}

}  // namespace wordmask::pipeline

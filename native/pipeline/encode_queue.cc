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
  std::vector<at::Tensor> pixels;
  for (const auto& image : place.images) pixels.push_back(clip.preprocess(image, place.resize));
  return at::stack(pixels);
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

  std::vector<at::Tensor> inputs{tower_input(clip, *own)};
  std::vector<Ticket> together;
  for (const auto& other : others) {
    try {
      inputs.push_back(tower_input(clip, *other));
      together.push_back(other);
    } catch (const std::exception&) {
      // Its own turn tells its caller why.
    }
  }
  at::Tensor rows;
  try {
    rows = encode(clip, *own, at::cat(inputs));
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

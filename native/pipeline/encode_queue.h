#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "pipeline/clip.h"
#include "pipeline/pass_queue.h"

namespace wordmask::pipeline {

// Calls of encode_image and encode_text that wait for one Clip. Small ones of a kind share a tower pass.
class EncodeQueue {
 public:
  // Rows of a shared pass; a call's own batch size may ask for fewer.
  static constexpr int64_t kTogether = 16;

  // Either images or tokens.
  struct Place {
    std::vector<ImageU8> images;
    ResizeOptions resize;
    at::Tensor tokens;  // [n, context]
    bool normalize = true;
    int batch_size = 1;
    at::Tensor answer;     // [n, d]; undefined until a pass saw the place
    int64_t together = 0;  // rows of that pass, those of other calls included
    int64_t rows() const { return tokens.defined() ? tokens.size(0) : static_cast<int64_t>(images.size()); }
  };
  using Ticket = PassQueue<Place>::Ticket;

  Ticket add(Place place) { return line_.add(std::move(place)); }  // any thread

  // Tensor thread of the Clip: as Clip::encode_image or encode_text, [n, d]. A pass that fails is repeated with this
  // call alone, and so it is for the others on their turn: nobody rejects for a neighbour.
  at::Tensor answer(Clip& clip, const Ticket& own, const Cancel& cancel, const Progress& progress);

 private:
  PassQueue<Place> line_;
};

}  // namespace wordmask::pipeline

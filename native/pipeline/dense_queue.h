#pragma once
#include <ATen/core/Tensor.h>

#include "pipeline/clip.h"
#include "pipeline/pass_queue.h"

namespace wordmask::pipeline {

// Pictures that wait for the dense features of one Clip. Those to be seen at the same size, without a sliding window,
// share a tower pass.
class DenseQueue {
 public:
  static constexpr int64_t kTogether = 8;
  // Pixels of tower input in one pass, so that activations stay bounded: eight pictures of 512 x 512.
  static constexpr int64_t kPixels = int64_t{8} * 512 * 512;

  struct Place {
    ImageU8 image;
    DenseOptions view;
    at::Tensor features;  // undefined until a pass saw the picture
    int together = 1;     // pictures of that pass
  };
  using Ticket = PassQueue<Place>::Ticket;

  Ticket add(ImageU8 image, const DenseOptions& view);  // any thread

  // Tensor thread of the Clip: as Clip::dense_features, [h, w, d]. A pass that fails is repeated with this picture
  // alone, and so it is for the others on their turn: nobody rejects for a neighbour.
  at::Tensor features(Clip& clip, const Ticket& own, const Cancel& cancel);

 private:
  PassQueue<Place> line_;
};

}  // namespace wordmask::pipeline

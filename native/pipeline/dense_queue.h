#pragma once
#include <ATen/core/Tensor.h>

#include <deque>
#include <memory>
#include <mutex>

#include "pipeline/clip.h"

namespace wordmask::pipeline {

// Pictures that wait for one Clip. The call whose turn it is takes along those behind it that are to be seen at the
// same size: one tower pass answers for all of them, and each finds its features when its own turn comes. A picture
// whose call is dropped before that leaves the line by itself.
class DenseQueue {
 public:
  static constexpr size_t kTogether = 8;
  // Pixels of tower input in one pass, so that activations stay bounded: eight pictures of 512 x 512.
  static constexpr int64_t kPixels = int64_t{8} * 512 * 512;

  struct Place {
    ImageU8 image;
    DenseOptions view;
    at::Tensor features;  // undefined until a pass saw the picture
    int together = 1;     // pictures of that pass
  };
  using Ticket = std::shared_ptr<Place>;

  Ticket add(ImageU8 image, const DenseOptions& view);  // any thread

  // Tensor thread of the Clip: as Clip::dense_features, [h, w, d]. A pass that fails is repeated with this picture
  // alone, and so it is for the others on their turn: nobody rejects for a neighbour.
  at::Tensor features(Clip& clip, const Ticket& own, const Cancel& cancel);

 private:
  std::vector<Ticket> take(const Ticket& own);
  std::mutex mutex_;
  std::deque<std::weak_ptr<Place>> line_;
};

}  // namespace wordmask::pipeline

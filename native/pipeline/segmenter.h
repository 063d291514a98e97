#pragma once
#include "pipeline/dense_queue.h"

namespace wordmask::pipeline {

struct SegmentOptions : DenseOptions {
  double temperature = 100;
  enum class Background { kNone, kNames, kThreshold } background = Background::kNone;
  double threshold = 0;
  int classes = 0;  // foreground rows of `text`; rows beyond are background names
};

struct SegmentResult {
  LabelMap labels;              // size of the input image
  at::Tensor grid;              // [classes + background names, h, w], cosines
  std::vector<int64_t> counts;  // pixels of each label value
  int together = 1;             // pictures of the tower pass that saw this one
};

// Dense features x text -> bilinear upsampling -> running argmax; memory O(H W + T h w).
// `picture` stands in `line` and is seen as `options` say.
SegmentResult segment(Clip& clip, DenseQueue& line, const DenseQueue::Ticket& picture, const at::Tensor& text,
                      const SegmentOptions& options, const Cancel& cancel);

// [c, h, w] -> [c, height, width], bilinear, half-pixel centres.
at::Tensor upsample(const at::Tensor& grid, int width, int height);

}  // namespace wordmask::pipeline

#pragma once
#include <cstdint>
#include <vector>

namespace wordmask_ref {

// The images of a name as ReCo's official code sees them, in float64 and with
// every matrix written out.
struct RecoCase {
  int64_t images = 0, h = 0, w = 0, channels = 0;
  std::vector<double> features;  // [images, h, w, channels]
  int64_t clip_h = 0, clip_w = 0, clip_channels = 0;
  std::vector<double> clip, text;  // [images, clip_h, clip_w, clip_channels],
                                   // [clip_channels]; empty: no guidance
  std::vector<double> contexts;    // [m, channels]; empty: no elimination
  bool official = true;            // windows whose slices end at start + end, as that code
                                   // has it; else one image each
};

struct RecoAnswer {
  std::vector<double> weights;    // [images, h, w]
  std::vector<double> support;    // [images, h, w]
  std::vector<int64_t> seeds;     // [images]; the first of those within 1e-12 of the largest weight
  std::vector<double> embedding;  // [channels]
};

RecoAnswer reco(const RecoCase &given);

}  // namespace wordmask_ref

#pragma once
#include <array>
#include <map>
#include <string>
#include <vector>

#include "models/deeplab_config.h"

namespace wordmask::train {

// Chances and widths of the changes of methods/reco.md 3, in their order; its values are the defaults.
struct SegmenterAugment {
  double scale_low = 0.5, scale_high = 2;  // both sides alike, uniform
  double flip = 0.5;
  double jitter = 0.8;  // that all four follow, in random order
  double brightness = 0.8, contrast = 0.8, saturation = 0.8, hue = 0.2;
  double grey = 0;
  double blur = 0.5;
};

struct TrainSegmenterOptions {
  models::DeepLabConfig model;
  std::vector<std::string> initial;   // a whole network to go on from, or
  std::vector<std::string> backbone;  // torchvision's weights of a classification network, or neither: random weights
  std::string data, validation;       // packed pictures (segmenter/dataset.h); no validation: empty
  std::string into;
  std::map<std::string, std::string> metadata;  // of the weights written
  uint64_t seed = 0;
  int64_t steps = 20000;
  int batch_size = 8;
  int crop_width = 320, crop_height = 320;
  enum class Optimiser { kAdam, kSgd } optimiser = Optimiser::kAdam;
  double learning_rate = 5e-4, backbone_learning_rate = 5e-5, learning_rate_floor = 1e-6, power = 0.9;
  double weight_decay = 2e-4, beta1 = 0.9, beta2 = 0.999, momentum = 0.9;
  double backbone_norm_momentum = 0.01, dropout = 0.1;
  SegmenterAugment augment;
  std::array<double, 3> mean{0.485, 0.456, 0.406}, std{0.229, 0.224, 0.225};
  bool bfloat16 = false;
  int workers = 2;  // threads of a step; its sums depend on them
  int64_t checkpoint_every = 500, validate_every = 1000, log_every = 20;
  int64_t patience = 0;       // validations without a better mIoU before the run ends; 0: it goes on
  bool validate_crf = false;  // mIoU after the dense CRF (methods/reco.md 2.9), too, and by it the best
  int samples = 0;            // pictures whose labels go with every validation: of the validation set, else of the data
};

// Names the option that does not fit.
void check_options(const TrainSegmenterOptions& options);

// What must be equal for a run to be continued: everything in the options that changes the weights.
std::string recipe_of(const TrainSegmenterOptions& options);

}  // namespace wordmask::train

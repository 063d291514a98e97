#pragma once
#include <memory>
#include <string>
#include <vector>

#include "models/encoder_config.h"
#include "pipeline/clip.h"
#include "pipeline/tower_pass.h"

namespace wordmask::models {
struct EncoderTower;
}

namespace wordmask::pipeline {

// A dense encoder ready to answer. Methods run on the calling thread (the tensor thread of the device) under
// InferenceMode and are not to be called concurrently. Features are float32, contiguous, on the CPU, not normalised;
// cell [y, x] of a grid [h, w, C] is that of the tower's pixels from cell() * (y, x), so that the grid covers
// h * cell() by w * cell() pixels: less than the image where the tower drops what fills no patch, more where it pads.
class Encoder {
 public:
  static std::shared_ptr<Encoder> load(const models::EncoderConfig& config, const std::vector<std::string>& files,
                                       const Compute& compute, const Cancel& cancel, const Progress& progress);
  static std::shared_ptr<Encoder> random(const models::EncoderConfig& config, uint64_t seed, const Compute& compute);

  const models::EncoderConfig& config() const { return config_; }
  ModelInfo info() const;
  int64_t cell() const;      // pixels a cell is wide
  int64_t channels() const;  // C

  // Normalised pixels [n, 3, H, W] -> [n, h, w, C]. Passes hold at most eight images of 512 x 512; `cancel` (which may
  // be empty) is looked at before each.
  at::Tensor features(const at::Tensor& pixels, const Cancel& cancel = {});
  // The image resized to exactly width x height -> [h, w, C].
  at::Tensor features(const ImageU8& image, int width, int height, const ResizeOptions& options, const Cancel& cancel);

 private:
  Encoder(models::EncoderConfig config, std::shared_ptr<models::EncoderTower> tower, c10::Device device,
          at::ScalarType dtype);
  models::EncoderConfig config_;
  std::shared_ptr<models::EncoderTower> tower_;
  c10::Device device_;
  at::ScalarType dtype_;
  TowerPass pass_;
};

}  // namespace wordmask::pipeline

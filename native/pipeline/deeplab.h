#pragma once
#include "models/deeplab_config.h"
#include "pipeline/clip.h"
#include "pipeline/tower_pass.h"

namespace wordmask::models {
struct DeepLabV3PlusImpl;
}

namespace wordmask::pipeline {

// A DeepLabv3+ ready to answer; threads and modes as those of Clip.
class DeepLab {
 public:
  static std::shared_ptr<DeepLab> load(const models::DeepLabConfig& config, const std::vector<std::string>& files,
                                       const Compute& compute, const Cancel& cancel, const Progress& progress);
  // The initialisation that training starts from.
  static std::shared_ptr<DeepLab> random(const models::DeepLabConfig& config, uint64_t seed, const Compute& compute);

  const models::DeepLabConfig& config() const { return config_; }
  ModelInfo info() const;
  // The image is resized to options.width x options.height. -> [classes, ceil(height / 4), ceil(width / 4)]
  at::Tensor logits(const ImageU8& image, const DenseOptions& options);
  // Normalised pixels [n, 3, H, W] -> [n, classes, ceil(H / 4), ceil(W / 4)]
  at::Tensor logits(const at::Tensor& pixels);
  // Log-probabilities, class-minor: [ceil(height / 4), ceil(width / 4), classes]. `background`: class 0 of the network
  // is background, and comes last.
  at::Tensor score(const ImageU8& image, const DenseOptions& options, bool background);
  // ReCo+'s keys.
  void save(const std::string& file, at::ScalarType dtype, const std::map<std::string, std::string>& metadata) const;

 private:
  DeepLab(std::shared_ptr<models::DeepLabV3PlusImpl> model, c10::Device device, at::ScalarType dtype);
  models::DeepLabConfig config_;
  std::shared_ptr<models::DeepLabV3PlusImpl> model_;
  c10::Device device_;
  at::ScalarType dtype_;
  TowerPass pass_;
};

}  // namespace wordmask::pipeline

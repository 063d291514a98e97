#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/image.h"
#include "models/config.h"
#include "pipeline/model_info.h"
#include "pipeline/tower_pass.h"

namespace wordmask::models {
class ClipImpl;
}

namespace wordmask::pipeline {

struct Compute {
  std::string device = "auto";
  std::string dtype = "float32";
};

struct ResizeOptions {
  std::array<double, 3> mean{};
  std::array<double, 3> std{};
  bool bicubic = true;
  bool operator==(const ResizeOptions&) const = default;
};

// Where the tower looks: the image is resized to exactly width x height; with `crop` > 0 windows slide over it.
struct DenseOptions : ResizeOptions {
  int width = 0;
  int height = 0;
  int crop = 0;
  int stride = 0;
  bool normalize = true;  // cells of length 1
};

// A CLIP ready to answer. Methods run on the calling thread (the tensor thread of the device) under InferenceMode and
// are not to be called concurrently. Returned tensors are float32, contiguous, on the CPU.
class Clip {
 public:
  static std::shared_ptr<Clip> load(const models::ClipConfig& config, const std::vector<std::string>& files,
                                    const Compute& compute, const Cancel& cancel, const Progress& progress);
  static std::shared_ptr<Clip> random(const models::ClipConfig& config, uint64_t seed, const Compute& compute);

  const models::ClipConfig& config() const { return config_; }
  ModelInfo info() const;
  int64_t cell() const;  // pixels a cell of the dense grid is wide: the patch size, 32 for a ResNet

  at::Tensor preprocess(const ImageU8& image, const ResizeOptions& options) const;  // [3, s, s]
  at::Tensor preprocess(std::span<const ImageU8* const> images, const ResizeOptions& options,
                        const Cancel& cancel) const;  // [n, 3, s, s]
  at::Tensor encode_image(const std::vector<ImageU8>& images, const ResizeOptions& options, bool normalize,
                          int batch_size, const Cancel& cancel, const Progress& progress);  // [n, d]
  at::Tensor encode_pixels(const at::Tensor& pixels, bool normalize);                       // [n, 3, s, s] -> [n, d]
  at::Tensor encode_text(const at::Tensor& tokens, bool normalize, int batch_size, const Cancel& cancel,
                         const Progress& progress);  // int32/int64 [n, context] -> [n, d]
  at::Tensor encode_classes(const at::Tensor& tokens, const std::vector<int64_t>& counts, int batch_size,
                            const Cancel& cancel, const Progress& progress);  // [classes, d], unit rows
  at::Tensor dense_features(const ImageU8& image, const DenseOptions& options,
                            const Cancel& cancel);  // [h, w, d], unit cells where `normalize`
  // normalised [(n,) 3, height, width] -> [(n,) h, w, d], unit cells
  at::Tensor dense_pixels(const at::Tensor& pixels, bool normalize = true);
  void save(const std::string& file, at::ScalarType dtype, const std::map<std::string, std::string>& metadata) const;

 private:
  Clip(models::ClipConfig config, std::shared_ptr<models::ClipImpl> model, c10::Device device, at::ScalarType dtype);
  at::Tensor finished(const at::Tensor& answers) const { return pipeline::finished(answers, dtype_); }
  enum Kind { kImage, kDense };  // of passes of the image tower
  TowerPass::Answers start_image(const at::Tensor& pixels);
  at::Tensor dense_pass(const at::Tensor& pixels, bool normalize, bool recordable);
  models::ClipConfig config_;
  std::shared_ptr<models::ClipImpl> model_;
  c10::Device device_;
  at::ScalarType dtype_;
  TowerPass pass_;
};

}  // namespace wordmask::pipeline

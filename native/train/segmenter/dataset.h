#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

namespace wordmask::weights {
class Checkpoint;
}

namespace wordmask::train {

inline constexpr uint8_t kIgnored = 255;

// Pictures with label maps, all of one size, memory-mapped: a safetensors file with "samples", uint8 [n, 4 * W * H],
// each row the RGB pixels [H, W, 3] and then the labels [H, W] (class, or 255: counts nowhere); metadata "width",
// "height".
class PackedPictures {
 public:
  // ERR_WORDMASK_CHECKPOINT for a file that is none; ERR_WORDMASK_INVALID_ARGUMENT for one without pictures.
  explicit PackedPictures(const std::string& file);

  int64_t count() const { return samples_.size(0); }
  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  at::Tensor pixels(int64_t i) const;  // uint8 [H, W, 3], a view of the file
  at::Tensor labels(int64_t i) const;  // uint8 [H, W], a view of the file
  // ERR_WORDMASK_INVALID_ARGUMENT where a label is neither below `classes` nor 255.
  void check_labels(int64_t i, int64_t classes) const;

 private:
  std::string file_;
  std::shared_ptr<weights::Checkpoint> checkpoint_;
  at::Tensor samples_;
  int64_t width_ = 0, height_ = 0;
};

}  // namespace wordmask::train

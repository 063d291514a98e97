#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace wordmask::kernels {

// Labels first .. first + count - 1 at every pixel, each pixel's values together in `vectors` * kLanes floats.
struct LabelBlock {
  static constexpr int kLanes = 8, kMostVectors = 4;  // floats a vector; vectors a block, at most
  int64_t first, count;
  int vectors;
  float* values;  // [pixels, vectors * kLanes]

  int64_t width() const { return int64_t{vectors} * kLanes; }
  float* row(int64_t pixel) const { return values + pixel * width(); }
};

// A value a pixel and label, in blocks of labels of about equal width: what is walked in no order of its own (lattice
// points, neighbours) is walked once a block, and finds all of the block's labels in whole cache lines.
class LabelBlocks {
 public:
  LabelBlocks(int64_t pixels, int64_t labels);
  std::vector<LabelBlock>::const_iterator begin() const { return blocks_.begin(); }
  std::vector<LabelBlock>::const_iterator end() const { return blocks_.end(); }
  size_t size() const { return blocks_.size(); }
  int widest() const { return blocks_.front().vectors; }

  // From and to [pixels, labels]; lanes beyond the last label are filled with `rest`.
  void read(const float* from, float rest);
  void write(float* to) const;
  static double bytes(int64_t pixels, int64_t labels);

 private:
  int64_t pixels_, labels_;
  at::Tensor memory_;
  std::vector<LabelBlock> blocks_;
};

// What dense_crf and pamr take: float32 [H, W, T] beside uint8 [H, W, 3], contiguous, on the CPU, finite, T > 0;
// `who` is what the message calls the method.
void check_refinement(const at::Tensor& probabilities, const at::Tensor& image, const char* who);

// "1.5 GB", for messages.
std::string gigabytes(double bytes);

}  // namespace wordmask::kernels

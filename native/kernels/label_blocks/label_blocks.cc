#include "kernels/label_blocks/label_blocks.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "base/error.h"

namespace wordmask::kernels {

namespace {
constexpr int64_t kGrain = 1024;
int64_t vectors_of(int64_t labels) { return (labels + LabelBlock::kLanes - 1) / LabelBlock::kLanes; }
}  // namespace

LabelBlocks::LabelBlocks(int64_t pixels, int64_t labels) : pixels_(pixels), labels_(labels) {
  const int64_t vectors = vectors_of(labels),
                blocks = (vectors + LabelBlock::kMostVectors - 1) / LabelBlock::kMostVectors;
  memory_ = at::empty({vectors * LabelBlock::kLanes * pixels}, at::kFloat);
  int64_t first = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    const auto own = static_cast<int>(vectors / blocks + (b < vectors % blocks ? 1 : 0));
    LabelBlock block{first, 0, own, memory_.mutable_data_ptr<float>() + first * pixels};
    block.count = std::min(block.width(), labels - first);
    first += block.width();
    blocks_.push_back(block);
  }
}

void LabelBlocks::read(const float* from, float rest) {
  at::parallel_for(0, pixels_, kGrain, [&](int64_t begin, int64_t end) {
    for (const auto& block : blocks_) {
      for (int64_t p = begin; p < end; ++p) {
        std::copy_n(from + p * labels_ + block.first, block.count, block.row(p));
        std::fill(block.row(p) + block.count, block.row(p) + block.width(), rest);
      }
    }
  });
}

void LabelBlocks::write(float* to) const {
  at::parallel_for(0, pixels_, kGrain, [&](int64_t begin, int64_t end) {
    for (const auto& block : blocks_)
      for (int64_t p = begin; p < end; ++p) std::copy_n(block.row(p), block.count, to + p * labels_ + block.first);
  });
}

double LabelBlocks::bytes(int64_t pixels, int64_t labels) {
  return 4.0 * LabelBlock::kLanes * static_cast<double>(vectors_of(labels)) * static_cast<double>(pixels);
}

void check_refinement(const at::Tensor& probabilities, const at::Tensor& image, const char* who) {
  WM_CHECK(probabilities.device().is_cpu() && image.device().is_cpu(), code::kDevice,
           "Expected tensors on the CPU, where alone ", who, " runs, but received ", probabilities.device(), " and ",
           image.device());
  WM_CHECK(probabilities.dim() == 3 && probabilities.scalar_type() == at::kFloat && probabilities.is_contiguous() &&
               probabilities.size(2) > 0,
           code::kInvalidArgument, "Expected contiguous float32 probabilities [H, W, T] of at least one label for ",
           who, " but received ", probabilities.scalar_type(), " ", probabilities.sizes());
  WM_CHECK(image.dim() == 3 && image.scalar_type() == at::kByte && image.is_contiguous() && image.size(2) == 3 &&
               image.size(0) == probabilities.size(0) && image.size(1) == probabilities.size(1),
           code::kInvalidArgument, "Expected a contiguous uint8 image [", probabilities.size(0), ", ",
           probabilities.size(1), ", 3] for ", who, " but received ", image.scalar_type(), " ", image.sizes());
  WM_CHECK(probabilities.numel() == 0 || probabilities.isfinite().all().item<bool>(), code::kInvalidArgument,
           "Expected finite probabilities for ", who, " but received NaN or infinity");
}

std::string gigabytes(double bytes) {
  std::ostringstream text;
  text << std::setprecision(3) << bytes / 1e9 << " GB";
  return text.str();
}

}  // namespace wordmask::kernels

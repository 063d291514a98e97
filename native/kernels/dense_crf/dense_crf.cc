#include "kernels/dense_crf/dense_crf.h"

#include <ATen/Parallel.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/log.h>

#include <cmath>

#include "base/error.h"
#include "kernels/dense_crf/lattice.h"
#include "kernels/dense_crf/rows.h"
#include "kernels/label_blocks/label_blocks.h"

namespace wordmask::kernels {

namespace {
using namespace crf;

constexpr double kLeast = 1e-5;  // of a probability
constexpr int64_t kGrain = 512, kCorners = 6, kWidest = LabelBlock::kLanes * LabelBlock::kMostVectors;

void check(const CrfGaussian& gaussian) {
  WM_CHECK(gaussian.weight >= 0 && std::isfinite(gaussian.weight), code::kInvalidArgument,
           "Expected a weight >= 0 of a Gaussian of the CRF but received ", gaussian.weight);
  WM_CHECK(gaussian.sigma_xy > 0 && std::isfinite(gaussian.sigma_xy) && gaussian.sigma_rgb >= 0 &&
               std::isfinite(gaussian.sigma_rgb),
           code::kInvalidArgument, "Expected a Gaussian of the CRF with sigmas above 0 but received ",
           gaussian.sigma_xy, " pixels and ", gaussian.sigma_rgb, " grey values");
}

using Lattices = std::vector<std::pair<std::shared_ptr<const Lattice>, double>>;  // with their weights

void check_memory(const Lattices& lattices, const at::Tensor& probabilities, double most) {
  const auto labels = probabilities.size(2), pixels = probabilities.numel() / labels;
  double bytes = static_cast<double>(probabilities.nbytes()) + LabelBlocks::bytes(pixels, labels);
  for (const auto& [lattice, weight] : lattices)
    bytes += lattice->bytes() + 2 * LabelBlocks::bytes(lattice->points + 1, std::min<int64_t>(labels, kWidest));
  WM_CHECK(most == 0 || bytes <= most, code::kMemory, "The dense CRF of ", probabilities.size(1), "x",
           probabilities.size(0), " pixels and ", labels, " labels takes ", gigabytes(bytes), ", the limit is ",
           gigabytes(most));
}

// One kernel of the CRF with the memory of its filter for one block of labels.
class Kernel {
 public:
  Kernel(std::shared_ptr<const Lattice> lattice, double weight, int64_t vectors)
      : lattice_(std::move(lattice)),
        weight_(static_cast<float>(weight)),
        values_(at::empty({lattice_->points + 1, vectors * LabelBlock::kLanes}, at::kFloat)),
        blurred_(at::empty_like(values_)) {}

  // Splats and blurs a block.
  Message message(const LabelBlock& block) const {
    const RowPasses& passes = row_passes(block.vectors);
    float *from = values_.mutable_data_ptr<float>(), *to = blurred_.mutable_data_ptr<float>();
    const int64_t points = lattice_->points, width = block.width();
    for (float* values : {from, to}) std::fill_n(values + points * width, width, 0.0f);
    at::parallel_for(0, points, kGrain,
                     [&](int64_t begin, int64_t end) { passes.splat(*lattice_, block.values, from, begin, end); });
    for (int j = 0; j < lattice_->corners; ++j, std::swap(from, to)) {
      at::parallel_for(0, points, kGrain,
                       [&](int64_t begin, int64_t end) { passes.blur(*lattice_, j, from, to, begin, end); });
    }
    return {lattice_.get(), from, weight_};
  }

 private:
  std::shared_ptr<const Lattice> lattice_;
  float weight_;
  at::Tensor values_, blurred_;
};
}  // namespace

void dense_crf(const at::Tensor& probabilities, const at::Tensor& image, const DenseCrfOptions& options,
               const Cancel& cancel, const Progress& progress) {
  check_refinement(probabilities, image, "the dense CRF");
  check(options.smoothness);
  check(options.appearance);
  WM_CHECK(options.iterations >= 0, code::kInvalidArgument, "Expected at least 0 iterations but received ",
           options.iterations);
  const auto pixels = probabilities.size(0) * probabilities.size(1), labels = probabilities.size(2);
  WM_CHECK(pixels < INT32_MAX / kCorners, code::kInvalidArgument, "Expected fewer than ", INT32_MAX / kCorners,
           " pixels for the dense CRF but received ", pixels);
  if (pixels == 0) return;
  auto values = probabilities;
  values.clamp_(kLeast, 1).log_();  // -U from here on
  auto* unary = values.mutable_data_ptr<float>();
  Lattices lattices;
  for (const auto& gaussian : {options.smoothness, options.appearance}) {
    if (gaussian.weight == 0 || options.iterations == 0) continue;
    if (cancel) cancel->check();
    lattices.emplace_back(lattice_of(image, gaussian), gaussian.weight);
  }
  check_memory(lattices, values, options.most_bytes);
  LabelBlocks blocks(pixels, labels);
  std::vector<Kernel> kernels;
  for (const auto& [lattice, weight] : lattices) kernels.emplace_back(lattice, weight, blocks.widest());
  const auto softmax = [&] {
    at::parallel_for(0, pixels, kGrain, [&](int64_t begin, int64_t end) { softmax_rows(blocks, begin, end); });
  };
  blocks.read(unary, kNoLabel);
  softmax();
  for (int64_t i = 0; i < options.iterations; ++i) {
    for (const LabelBlock& block : blocks) {
      if (cancel) cancel->check();
      std::vector<Message> messages;
      for (const Kernel& kernel : kernels) messages.push_back(kernel.message(block));
      at::parallel_for(0, pixels, kGrain, [&](int64_t begin, int64_t end) {
        row_passes(block.vectors).slice(messages.data(), messages.size(), unary, labels, block, begin, end);
      });
    }
    softmax();
    if (progress) progress(static_cast<double>(i + 1), static_cast<double>(options.iterations));
  }
  blocks.write(unary);
}

}  // namespace wordmask::kernels

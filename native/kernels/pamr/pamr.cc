#include "kernels/pamr/pamr.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "base/error.h"
#include "kernels/label_blocks/label_blocks.h"
#include "kernels/pamr/passes.h"

namespace wordmask::kernels {

namespace {
constexpr int64_t kWidest = LabelBlock::kLanes * LabelBlock::kMostVectors;

void check(const PamrOptions& options) {
  WM_CHECK(options.iterations >= 0, code::kInvalidArgument, "Expected at least 0 iterations but received ",
           options.iterations);
  WM_CHECK(!options.dilations.empty() && options.dilations.size() <= 64, code::kInvalidArgument,
           "Expected 1 to 64 dilations but received ", options.dilations.size());
  for (const int64_t dilation : options.dilations)
    WM_CHECK(dilation >= 1 && dilation <= 65536, code::kInvalidArgument,
             "Expected dilations of 1 to 65536 pixels but received ", dilation);
}
}  // namespace

void pamr(const at::Tensor& probabilities, const at::Tensor& image, const PamrOptions& options, const Cancel& cancel,
          const Progress& progress) {
  check_refinement(probabilities, image, "PAMR");
  check(options);
  const auto height = probabilities.size(0), width = probabilities.size(1), labels = probabilities.size(2);
  if (height * width == 0 || options.iterations == 0) return;
  const double bytes = static_cast<double>(probabilities.nbytes()) + LabelBlocks::bytes(height * width, labels) +
                       LabelBlocks::bytes(height * width, std::min<int64_t>(labels, kWidest)) +
                       static_cast<double>(height * width) * 32 * static_cast<double>(options.dilations.size());
  WM_CHECK(options.most_bytes == 0 || bytes <= options.most_bytes, code::kMemory, "PAMR of ", width, "x", height,
           " pixels and ", labels, " labels takes ", gigabytes(bytes), ", the limit is ",
           gigabytes(options.most_bytes));
  const Neighbours neighbours(height, width, options.dilations);
  const auto weights = at::empty({height * width, static_cast<int64_t>(neighbours.size())}, at::kFloat);
  auto* weight = weights.mutable_data_ptr<float>();
  const auto* rgb = image.const_data_ptr<uint8_t>();
  at::parallel_for(0, height, 1, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) affinity_row(neighbours, rgb, width, y, weight);
  });

  LabelBlocks blocks(height * width, labels);
  auto values = probabilities;
  auto* data = values.mutable_data_ptr<float>();
  blocks.read(data, /*rest=*/0);
  const auto memory = at::empty({height * width, blocks.widest() * LabelBlock::kLanes}, at::kFloat);
  // Blocks do not see each other: each goes through all iterations while its rows are near.
  const double steps = static_cast<double>(options.iterations) * static_cast<double>(blocks.size());
  double done = 0;
  for (const LabelBlock& block : blocks) {
    LabelBlock from = block, to = block;
    to.values = memory.mutable_data_ptr<float>();
    for (int64_t i = 0; i < options.iterations; ++i, std::swap(from, to)) {
      if (cancel) cancel->check();
      at::parallel_for(0, height, 1, [&](int64_t begin, int64_t end) {
        for (int64_t y = begin; y < end; ++y) mean_row(neighbours, weight, width, y, from, to);
      });
      if (progress) progress(++done / static_cast<double>(blocks.size()), steps / static_cast<double>(blocks.size()));
    }
    if (from.values != block.values) std::copy_n(from.values, height * width * block.width(), block.values);
  }
  blocks.write(data);
}

}  // namespace wordmask::kernels

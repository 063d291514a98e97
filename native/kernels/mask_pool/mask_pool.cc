#include "kernels/mask_pool/mask_pool.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/div.h>
#include <ATen/ops/matmul.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def("mask_weights(Tensor masks, int h, int w, float extent_h, float extent_w, bool bilinear) -> Tensor");
  m.def(
      "mask_weights_backward(Tensor gradient, int height, int width, float extent_h, float extent_w, bool bilinear) "
      "-> Tensor");
  m.def(
      "run_weights(Tensor counts, Tensor offsets, int height, int width, bool columns, int h, int w, float extent_h, "
      "float extent_w, bool bilinear) -> Tensor");
}

namespace wordmask::kernels {

namespace {
struct Grid {
  int64_t h, w;
  double extent_h, extent_w;
  bool bilinear;
};

Grid grid_of(int64_t h, int64_t w, const MaskPoolOptions& options) {
  WM_CHECK(h > 0 && w > 0, code::kInvalidArgument, "Expected a grid of at least one cell but received ", h, "x", w);
  const auto rows = static_cast<double>(h), columns = static_cast<double>(w);
  WM_CHECK(options.extent_h >= 0 && options.extent_w >= 0 && options.extent_h <= rows && options.extent_w <= columns,
           code::kInvalidArgument, "Expected extents from 0 to the grid's ", h, " and ", w, " cells but received ",
           options.extent_h, " and ", options.extent_w);
  return {h, w, options.extent_h > 0 ? options.extent_h : rows, options.extent_w > 0 ? options.extent_w : columns,
          options.sampling == MaskSampling::kBilinear};
}

at::Tensor forward(const at::Tensor& masks, const Grid& grid) {
  using Signature = at::Tensor(const at::Tensor&, int64_t, int64_t, double, double, bool);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::mask_weights", "").typed<Signature>();
  return op.call(masks, grid.h, grid.w, grid.extent_h, grid.extent_w, grid.bilinear);
}

at::Tensor backward(const at::Tensor& gradient, int64_t height, int64_t width, const Grid& grid) {
  using Signature = at::Tensor(const at::Tensor&, int64_t, int64_t, double, double, bool);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::mask_weights_backward", "").typed<Signature>();
  return op.call(gradient, height, width, grid.extent_h, grid.extent_w, grid.bilinear);
}

struct Weights : torch::autograd::Function<Weights> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& masks, const Grid& grid) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->saved_data["height"] = masks.size(1);
    context->saved_data["width"] = masks.size(2);
    context->saved_data["extents"] = std::vector<double>{grid.extent_h, grid.extent_w};
    context->saved_data["bilinear"] = grid.bilinear;
    return kernels::forward(masks, grid);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto extents = context->saved_data["extents"].toDoubleVector();
    const Grid grid{gradients[0].size(1), gradients[0].size(2), extents[0], extents[1],
                    context->saved_data["bilinear"].toBool()};
    return {kernels::backward(gradients[0].contiguous(), context->saved_data["height"].toInt(),
                              context->saved_data["width"].toInt(), grid),
            {}};
  }
};

void check_features(const at::Tensor& features) {
  const auto type = features.scalar_type();
  WM_CHECK(features.dim() == 3 && features.size(0) > 0 && features.size(1) > 0 &&
               (type == at::kFloat || type == at::kDouble),
           code::kInvalidArgument, "Expected float32 or float64 features [h, w, C] but received ", type, " ",
           features.sizes());
}

void check_masks(const at::Tensor& masks) {
  const auto type = masks.scalar_type();
  WM_CHECK(masks.dim() == 3 && masks.size(1) > 0 && masks.size(2) > 0, code::kInvalidArgument,
           "Expected masks [K, height, width] of at least one pixel but received ", masks.sizes());
  WM_CHECK(type == at::kBool || type == at::kByte || type == at::kFloat || type == at::kDouble, code::kInvalidArgument,
           "Expected masks as bool, uint8, float32 or float64 but received ", type);
}

MaskPooled pooled(const at::Tensor& weights, const at::Tensor& features, MaskReduce reduce) {
  const auto cells = weights.flatten(1).to(features.scalar_type());                          // [K, h * w]
  const auto sums = at::matmul(cells, features.reshape({cells.size(1), features.size(2)}));  // [K, C]
  const auto mass = cells.sum(1);
  const auto empty = mass.eq(0);
  if (reduce == MaskReduce::kSum) return {sums.masked_fill(empty.unsqueeze(1), 0), mass, empty};
  // 1 where nothing is to be divided by: neither the answer nor a gradient becomes NaN.
  const auto part = reduce == MaskReduce::kMean ? mass : sums.square().sum(1);
  const auto nothing = empty.logical_or(part.eq(0));
  const auto kept = part.masked_fill(nothing, 1);
  const auto divisor = (reduce == MaskReduce::kMean ? kept : kept.sqrt()).unsqueeze(1);
  return {at::div(sums, divisor).masked_fill(nothing.unsqueeze(1), 0), mass, empty};
}
}  // namespace

at::Tensor mask_weights(const at::Tensor& masks, int64_t h, int64_t w, const MaskPoolOptions& options) {
  check_masks(masks);
  const auto grid = grid_of(h, w, options);
  return masks.requires_grad() && at::GradMode::is_enabled() ? Weights::apply(masks, grid) : forward(masks, grid);
}

MaskPooled mask_pool(const at::Tensor& masks, const at::Tensor& features, const MaskPoolOptions& options) {
  check_features(features);
  check_masks(masks);
  const bool soft = masks.is_floating_point();
  const auto typed = soft ? masks.to(features.scalar_type()) : masks;
  return pooled(mask_weights(typed, features.size(0), features.size(1), options), features, options.reduce);
}

MaskPooled mask_pool(const RunMasks& masks, const at::Tensor& features, const MaskPoolOptions& options) {
  using Signature =
      at::Tensor(const at::Tensor&, const at::Tensor&, int64_t, int64_t, bool, int64_t, int64_t, double, double, bool);
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::run_weights", "").typed<Signature>();
  check_features(features);
  WM_CHECK(masks.height > 0 && masks.width > 0, code::kInvalidArgument,
           "Expected masks of at least one pixel but received ", masks.width, "x", masks.height);
  WM_CHECK(masks.counts.dim() == 1 && masks.counts.scalar_type() == at::kInt && masks.offsets.dim() == 1 &&
               masks.offsets.scalar_type() == at::kLong && masks.offsets.size(0) >= 1,
           code::kInvalidArgument, "Expected run lengths as int32 [runs] and offsets as int64 [K + 1] but received ",
           masks.counts.scalar_type(), " ", masks.counts.sizes(), " and ", masks.offsets.scalar_type(), " ",
           masks.offsets.sizes());
  const auto grid = grid_of(features.size(0), features.size(1), options);
  // Runs are read on the CPU: following them is serial, and their weights are few.
  const auto weights = op.call(masks.counts.cpu(), masks.offsets.cpu(), masks.height, masks.width, masks.columns,
                               grid.h, grid.w, grid.extent_h, grid.extent_w, grid.bilinear);
  return pooled(weights.to(features.device()), features, options.reduce);
}

}  // namespace wordmask::kernels

#include "kernels/label_map/label_map.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def(
      "label_map(Tensor scores, int height, int width, float extent_h, float extent_w, float temperature, "
      "float threshold) -> Tensor");
}

namespace wordmask::kernels {

at::Tensor label_map(const at::Tensor& scores, const LabelMapOptions& options) {
  using Signature = at::Tensor(const at::Tensor&, int64_t, int64_t, double, double, double, double);
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::label_map", "").typed<Signature>();
  WM_CHECK(scores.dim() == 3 && scores.numel() > 0 && scores.scalar_type() == at::kFloat, code::kInvalidArgument,
           "Expected float32 scores [h, w, T] with at least one cell and class but received ", scores.scalar_type(),
           " ", scores.sizes());
  WM_CHECK(options.height >= 0 && options.width >= 0, code::kInvalidArgument,
           "Expected a size of at least 0x0 for the label map but received ", options.width, "x", options.height);
  WM_CHECK(options.extent_h >= 0 && options.extent_w >= 0 && options.threshold >= 0 && options.threshold <= 1,
           code::kInvalidArgument, "Expected extents >= 0 and a threshold in [0, 1] but received ", options.extent_h,
           ", ", options.extent_w, " and ", options.threshold);
  const double extent_h = options.extent_h > 0 ? options.extent_h : static_cast<double>(scores.size(0));
  const double extent_w = options.extent_w > 0 ? options.extent_w : static_cast<double>(scores.size(1));
  return op.call(scores, options.height, options.width, extent_h, extent_w, options.temperature, options.threshold);
}

}  // namespace wordmask::kernels

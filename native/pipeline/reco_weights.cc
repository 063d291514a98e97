#include "pipeline/reco_weights.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace wordmask::pipeline {

namespace {
constexpr double kGuidanceScale = 10;  // CLIP's own scale of about 100 is not used
}

at::Tensor unit_cells(const at::Tensor& features, const char* what) {
  WM_CHECK(features.dim() == 4 && features.numel() > 0, code::kInvalidArgument, "Expected ", what,
           " [k, h, w, C] of at least one image but received ", features.sizes());
  const auto exact = features.to(at::kDouble);
  const auto length = exact.norm(2, -1, /*keepdim=*/true);
  const auto bad = at::logical_not(length.isfinite().logical_and(length > 0)).flatten();
  if (bad.any().item<bool>()) {
    const int64_t at = bad.to(at::kByte).argmax().item<int64_t>(), cells = features.size(1) * features.size(2);
    fail(code::kInvalidArgument, "Expected ", what, " of a finite length above 0 but received ",
         length.flatten()[at].item<double>(), " in image ", at / cells, ", row ", at % cells / features.size(2),
         ", column ", at % features.size(2));
  }
  return exact / length;
}

at::Tensor reco_weights(const at::Tensor& unit, const at::Tensor& clip, const at::Tensor& text,
                        const at::Tensor& contexts) {
  auto weights = at::ones(unit.sizes().slice(0, 3), unit.options());
  if (clip.defined()) {
    WM_CHECK(clip.size(0) == unit.size(0) && text.dim() == 1 && text.size(0) == clip.size(3), code::kInvalidArgument,
             "Expected dense CLIP features of ", unit.size(0), " images and one text vector of the same length but ",
             "received ", clip.sizes(), " and ", text.sizes());
    const auto attention = at::matmul(clip, text.to(at::kDouble)).mul(kGuidanceScale).sigmoid();  // [k, h', w']
    weights = weights * at::upsample_bilinear2d(attention.unsqueeze(1), {unit.size(1), unit.size(2)},
                                                /*align_corners=*/false)
                            .squeeze(1);
  }
  if (contexts.defined() && contexts.size(0) > 0) {
    WM_CHECK(contexts.dim() == 2 && contexts.size(1) == unit.size(3), code::kInvalidArgument, "Expected contexts [m, ",
             unit.size(3), "] but received ", contexts.sizes());
    // No temperature: every factor lies between 0.269 and 0.731.
    weights = weights * (1 - at::matmul(unit, contexts.to(at::kDouble).t()).sigmoid()).prod(-1);
  }
  return weights;
}

}  // namespace wordmask::pipeline

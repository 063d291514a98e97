#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::pipeline {

// How much each cell of the images of a name counts as a match (methods/reco.md 2.6), float64 [k, h, w]:
//   sigmoid(10 <clip, text>), bilinear to (h, w)      language guidance, where `clip` is defined
//   x product over c of 1 - sigmoid(<unit, c>)        context elimination, where `contexts` is defined
// unit float64 [k, h, w, C] of length 1; clip float64 [k, h', w', D] of length 1; text [D]; contexts [m, C].
at::Tensor reco_weights(const at::Tensor& unit, const at::Tensor& clip, const at::Tensor& text,
                        const at::Tensor& contexts);

// Rows of length 1, in float64. ERR_WORDMASK_INVALID_ARGUMENT naming the image and cell of a row of length 0, or one
// that is not finite: features [k, h, w, C].
at::Tensor unit_cells(const at::Tensor& features, const char* what);

}  // namespace wordmask::pipeline

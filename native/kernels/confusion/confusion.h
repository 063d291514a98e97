#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

// truth and prediction of one shape, each uint8, uint16, int32 or int64 -> int64 [classes, classes]: at [t, p] the
// number of places whose truth is t and whose prediction is p. Places whose truth is `ignore` count nowhere, whatever
// their prediction (an `ignore` that no label of that type can be ignores nothing); every other label has to lie in 0
// .. classes - 1.
at::Tensor confusion(const at::Tensor& truth, const at::Tensor& prediction, int64_t classes, int64_t ignore);

}  // namespace wordmask::kernels

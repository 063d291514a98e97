#include "kernels/confusion/confusion.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def("confusion(Tensor truth, Tensor prediction, int classes, int ignore) -> Tensor");
}

namespace wordmask::kernels {

namespace {
constexpr int64_t kMaxClasses = 1 << 16;

void check_type(const at::Tensor& labels, const char* name) {
  const auto type = labels.scalar_type();
  WM_CHECK(type == at::kByte || type == at::kUInt16 || type == at::kInt || type == at::kLong, code::kInvalidArgument,
           "Expected ", name, " labels as uint8, uint16, int32 or int64 but received ", type);
}
}  // namespace

at::Tensor confusion(const at::Tensor& truth, const at::Tensor& prediction, int64_t classes, int64_t ignore) {
  using Signature = at::Tensor(const at::Tensor&, const at::Tensor&, int64_t, int64_t);
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::confusion", "").typed<Signature>();
  WM_CHECK(classes >= 1 && classes <= kMaxClasses, code::kInvalidArgument, "Expected 1 to ", kMaxClasses,
           " classes but received ", classes);
  check_type(truth, "true");
  check_type(prediction, "predicted");
  WM_CHECK(truth.sizes() == prediction.sizes(), code::kInvalidArgument,
           "Expected two label maps of the same shape but received ", truth.sizes(), " and ", prediction.sizes());
  return op.call(truth, prediction, classes, ignore);
}

}  // namespace wordmask::kernels

#include "kernels/attention/attention.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>
#include <torch/library.h>

#include "base/error.h"

TORCH_LIBRARY_FRAGMENT(wordmask, m) {
  m.def("attention(Tensor q, Tensor k, Tensor v, int heads, bool causal, Tensor? lengths) -> Tensor");
}

namespace wordmask::kernels {

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionOptions& options) {
  using Signature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t, bool,
                               const std::optional<at::Tensor>&);
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("wordmask::attention", "").typed<Signature>();
  WM_CHECK(c10::InferenceMode::is_enabled(), code::kInternal, "Expected InferenceMode: attention has no gradient here");
  const auto dtype = q.scalar_type();
  WM_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(0) == k.size(0) && q.size(2) == k.size(2),
           code::kInternal, "Expected q [b, m, width], k and v [b, n, width] but received ", q.sizes(), ", ", k.sizes(),
           " and ", v.sizes());
  WM_CHECK((dtype == at::kFloat || dtype == at::kBFloat16) && k.scalar_type() == dtype && v.scalar_type() == dtype,
           code::kInternal, "Expected float32 or bfloat16 throughout but received ", dtype, ", ", k.scalar_type(),
           " and ", v.scalar_type());
  WM_CHECK(options.heads > 0 && q.size(2) % options.heads == 0 && k.size(1) > 0, code::kInternal,
           "Expected heads that divide the width ", q.size(2), " and at least one key but received ", options.heads,
           " heads and keys ", k.sizes());
  WM_CHECK(!options.causal || q.size(1) == k.size(1), code::kInternal,
           "Expected as many queries as keys for causal attention but received ", q.size(1), " and ", k.size(1));
  const auto& lengths = options.lengths;
  WM_CHECK(!lengths.defined() || (lengths.scalar_type() == at::kLong && lengths.dim() == 1 &&
                                  lengths.size(0) == q.size(0) && lengths.is_cpu()),
           code::kInternal, "Expected int64 lengths [", q.size(0), "] on the CPU but received ", lengths.scalar_type(),
           " ", lengths.sizes());
  return op.call(q, k, v, options.heads, options.causal,
                 lengths.defined() ? std::optional<at::Tensor>(lengths) : std::nullopt);
}

}  // namespace wordmask::kernels

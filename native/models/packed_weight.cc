#include "models/packed_weight.h"

#include <ATen/core/grad_mode.h>

#include <limits>

#include "kernels/packed_linear/packed_linear.h"

namespace wordmask::models {

bool packs(const at::Tensor& weight) { return kernels::can_pack(weight.device(), weight.scalar_type()); }

void mark_packed(at::Tensor& weight) {
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  weight.set_data(at::full({1}, std::numeric_limits<double>::quiet_NaN(), weight.options()).expand(weight.sizes()));
}

const at::Tensor& PackedWeight::get(at::Tensor& weight, int64_t i, int64_t pieces) {
  if (packed_.empty()) {
    for (const auto& rows : weight.detach().flatten(1).chunk(pieces)) packed_.push_back(kernels::pack_linear(rows));
    mark_packed(weight);
  }
  return packed_[static_cast<size_t>(i)];
}

void PackedWeight::unpack(at::Tensor& weight) {
  if (packed_.empty()) return;
  std::vector<at::Tensor> rows;
  for (auto& piece : packed_) {
    rows.push_back(kernels::unpack_linear(piece));
    piece.reset();
  }
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  weight.set_data((rows.size() == 1 ? rows[0] : at::cat(rows)).view(weight.sizes()));
  packed_.clear();
}

void unpack_all(const torch::nn::Module& module) {
  for (const auto& child : module.modules(/*include_self=*/false)) {
    if (auto* packable = dynamic_cast<Packable*>(child.get())) packable->unpack();
  }
}

}  // namespace wordmask::models

#include "models/conv.h"

#include <ATen/core/grad_mode.h>

namespace wordmask::models {

namespace {
// In oneDNN's order or with four dimensions; what pack_light makes has fewer.
bool made_by_pack_conv(const at::Tensor& packed) { return packed.is_mkldnn() || packed.dim() == 4; }
}  // namespace

at::Tensor ConvImpl::forward(const at::Tensor& x) {
  restore();
  const bool reduced = weight.scalar_type() != at::kFloat && weight.scalar_type() != at::kDouble;
  return at::conv2d(reduced ? x.to(weight.scalar_type()) : x, weight, bias, {stride, stride}, {padding, padding},
                    {dilation, dilation}, groups);
}

at::Tensor ConvImpl::alone(const at::Tensor& x) {
  if (!packs(weight)) return forward(x);
  const auto dtype = weight.scalar_type();
  if (!alone_.defined()) {
    alone_ = pack(weight.detach(), bias, x.sizes());
    mark_packed(weight);
  }
  return packed(x.to(dtype), alone_, bias, {}, options());
}

at::Tensor ConvImpl::patches(const at::Tensor& x) {
  if (!packs(weight)) return forward(x).flatten(2).transpose(1, 2);
  const auto b = x.size(0), in = x.size(1), h = x.size(2) / stride, w = x.size(3) / stride;
  const auto rows = x.to(weight.scalar_type())
                        .view({b, in, h, stride, w, stride})
                        .permute({0, 2, 4, 1, 3, 5})
                        .reshape({b, h * w, in * stride * stride});
  return kernels::packed_linear(rows, matrix_.get(weight), bias);
}

at::Tensor ConvImpl::pack(const at::Tensor& plain, const at::Tensor& shift, at::IntArrayRef input) const {
  if (light && kernels::is_light(plain, options())) return kernels::pack_light(plain, shift, options());
  return kernels::pack_conv(plain, options(), input);
}

at::Tensor ConvImpl::unpack(const at::Tensor& packed) const {
  return made_by_pack_conv(packed) ? kernels::unpack_conv(packed) : kernels::unpack_light(packed, weight.sizes());
}

at::Tensor ConvImpl::packed(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& shift,
                            const at::Tensor& other, const kernels::ConvOptions& options) const {
  if (made_by_pack_conv(packed)) return kernels::packed_conv(x, packed, shift, other, options);
  return kernels::light_conv(x, packed, weight.sizes(), other, options);
}

bool ConvImpl::fold_in(const BatchNormImpl& norm, at::IntArrayRef input) {
  if (folded_ || !foldable_) return foldable_;
  folded_ = fold(weight.detach(), norm);
  foldable_ = folded_.has_value();
  if (!foldable_) return false;
  folded_->weight = pack(folded_->weight, folded_->bias, input);
  mark_packed(weight);
  return true;
}

at::Tensor ConvImpl::normed(const at::Tensor& x, const BatchNormImpl& norm, bool relu, const at::Tensor& other) {
  if (packs(weight) && !norm.is_training() && fold_in(norm, x.sizes())) {
    const auto dtype = weight.scalar_type();
    return packed(x.to(dtype), folded_->weight, folded_->bias, other.defined() ? other.to(dtype) : other,
                  options(relu));
  }
  auto y = norm.forward(forward(x));
  if (other.defined()) y = y + other;
  return relu ? at::relu(y) : y;
}

at::Tensor ConvImpl::normed_relu6(const at::Tensor& x, const BatchNormImpl& norm) {
  constexpr double kCeiling = 6;
  if (packs(weight) && !norm.is_training() && fold_in(norm, x.sizes()))
    return packed(x.to(weight.scalar_type()), folded_->weight, folded_->bias, {}, options(true, kCeiling));
  return at::hardtanh(norm.forward(forward(x)), 0, kCeiling);
}

void ConvImpl::unpack() {
  restore();
  foldable_ = true;
}

void ConvImpl::restore() {
  matrix_.unpack(weight);
  if (!folded_ && !alone_.defined()) return;
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  if (alone_.defined()) {
    weight.set_data(unpack(alone_));
    alone_.reset();
    return;
  }
  weight.set_data(unfold(unpack(folded_->weight), *folded_));
  folded_.reset();
}

void make_light(const torch::nn::Module& module) {
  for (const auto& child : module.modules(/*include_self=*/false)) {
    if (auto* conv = child->as<ConvImpl>()) conv->light = true;
  }
}

}  // namespace wordmask::models

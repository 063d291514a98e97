#pragma once
#include "kernels/light_conv/light_conv.h"
#include "models/folded_norm.h"

namespace wordmask::models {

// Convolution, without a bias unless asked for one. Its weight is plain wherever gradients may be wanted, packed where
// it is only used (packed_weight.h): as a matrix (patches), with its BatchNorm folded in (normed) or alone, never two
// of these.
struct ConvImpl : torch::nn::Module, Packable {
  ConvImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t padding = 0, bool biased = false,
           int64_t dilation = 1, int64_t groups = 1)
      : stride(stride), padding(padding), dilation(dilation), groups(groups) {
    weight = register_parameter("weight", parameter({out, in / groups, kernel, kernel}));
    if (biased) bias = register_parameter("bias", parameter({out}));
  }
  at::Tensor forward(const at::Tensor& x);

  // The same, packed where the weight is only used.
  at::Tensor alone(const at::Tensor& x);

  // Where kernel and stride are one and nothing is padded: [b, in, H, W] of whole patches -> [b, h * w, out]. Packed it
  // is a product with the pixels of each patch in a row.
  at::Tensor patches(const at::Tensor& x);

  // Of a convolution without a bias: norm(conv(x)) + other, then ReLU where asked; `other` may be undefined.
  at::Tensor normed(const at::Tensor& x, const BatchNormImpl& norm, bool relu, const at::Tensor& other = {});
  // ReLU6(norm(conv(x)))
  at::Tensor normed_relu6(const at::Tensor& x, const BatchNormImpl& norm);

  void unpack() override;

  int64_t stride, padding, dilation, groups;
  at::Tensor weight, bias;  // bias: undefined where there is none
  bool light = false;       // packed for light_conv.h where it has a kernel; set before the first call

 private:
  kernels::ConvOptions options(bool relu = false, double ceiling = 0) const {
    return {stride, padding, relu, dilation, groups, ceiling};
  }
  bool fold_in(const BatchNormImpl& norm, at::IntArrayRef input);
  at::Tensor pack(const at::Tensor& plain, const at::Tensor& shift, at::IntArrayRef input) const;
  at::Tensor unpack(const at::Tensor& packed) const;
  at::Tensor packed(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& shift, const at::Tensor& other,
                    const kernels::ConvOptions& options) const;
  void restore();
  PackedWeight matrix_;
  std::optional<FoldedNorm> folded_;  // its weight packed
  at::Tensor alone_;                  // packed, where it is used without a norm
  bool foldable_ = true;              // false once folding has failed for these weights
};
TORCH_MODULE(Conv);

// For networks of many convolutions with little to compute in each: all of the module's are light.
void make_light(const torch::nn::Module& module);

}  // namespace wordmask::models

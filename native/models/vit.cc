#include "models/vit.h"

#include <ATen/core/grad_mode.h>

#include "base/error.h"

namespace wordmask::models {

VitImpl::VitImpl(const ClipConfig& config) : dense_(config.dense) {
  const auto& vision = config.vision;
  const int64_t side = vision.image_size / vision.patch_size, width = vision.width;
  class_embedding = register_parameter("class_embedding", parameter({width}));
  positional_embedding = register_parameter("positional_embedding", parameter({1 + side * side, width}));
  proj = register_parameter("proj", parameter({width, config.embed_dim}));
  conv1 = register_module("conv1", Conv(3, width, vision.patch_size, vision.patch_size));
  ln_pre = register_module("ln_pre", LayerNorm(width, config.layer_norm_eps));
  transformer = register_module("transformer", Transformer(width, vision.layers, vision.heads, vision.mlp_width,
                                                           config.activation, config.layer_norm_eps));
  ln_post = register_module("ln_post", LayerNorm(width, config.layer_norm_eps));
}

at::Tensor VitImpl::position(int64_t h, int64_t w) {
  return at::GradMode::is_enabled() ? resize_position(positional_embedding, h, w)
                                    : cache_.get(positional_embedding, h, w);
}

VitImpl::Tokens VitImpl::embed(const at::Tensor& pixels, const at::Tensor& given) {
  WM_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) > 0 && pixels.size(3) > 0, code::kInvalidArgument,
           "Expected pixels [b, 3, H, W] but received ", pixels.sizes());
  const auto patch = cell();
  const auto below = (patch - pixels.size(2) % patch) % patch, right = (patch - pixels.size(3) % patch) % patch;
  const auto padded = below || right ? at::constant_pad_nd(pixels, {0, right, 0, below}) : pixels;
  const auto b = padded.size(0), h = padded.size(2) / patch, w = padded.size(3) / patch;
  const auto at = given.defined() ? given : position(h, w);
  WM_CHECK(at.dim() == 2 && at.size(0) == 1 + h * w, code::kInvalidArgument, "Expected ", 1 + h * w,
           " positions for pixels ", pixels.sizes(), " but received ", at.sizes());
  const auto patches = conv1->patches(padded).to(at.scalar_type());  // [b, h * w, width]
  const auto tokens = at::cat({class_embedding.expand({b, 1, -1}), patches}, 1) + at;
  return {ln_pre(tokens), h, w};
}

at::Tensor VitImpl::read_out(const at::Tensor& tokens) const { return project(ln_post->forward(tokens), proj.t()); }

at::Tensor VitImpl::forward(const at::Tensor& pixels) { return forward(pixels, {}); }

at::Tensor VitImpl::forward(const at::Tensor& pixels, const at::Tensor& position) {
  const auto class_token = at::zeros({pixels.size(0)}, pixels.options().dtype(at::kLong));
  return read_out(transformer->forward_row(embed(pixels, position).tokens, class_token, /*causal=*/false));
}

VitImpl::Embeddings VitImpl::forward_with_patches(const at::Tensor& pixels, const at::Tensor& position) {
  const auto [tokens, value] =
      transformer->last().forward_with_value(transformer->forward_but_last(embed(pixels, position).tokens));
  return {read_out(tokens.select(1, 0)), read_out(value.slice(1, 1))};
}

at::Tensor VitImpl::dense(const at::Tensor& pixels) {
  const auto [embedded, h, w] = embed(pixels, {});
  // Nobody asks for the class token's value.
  const auto patches = transformer->forward_but_last(embedded).slice(1, 1);
  auto& last = transformer->last();
  const auto values = dense_ == ClipConfig::Dense::kValue ? last.value(patches) : last.value_residual(patches);
  return read_out(values).view({pixels.size(0), h, w, -1});
}

at::Tensor VitImpl::cells(const at::Tensor& pixels) {
  const auto [embedded, h, w] = embed(pixels, {});
  const auto patches = transformer->forward(embedded, /*causal=*/false).slice(1, 1);
  return ln_post(patches).view({pixels.size(0), h, w, -1});
}

}  // namespace wordmask::models

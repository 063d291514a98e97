#include "models/encoder_vit.h"

#include <ATen/core/grad_mode.h>

#include "base/error.h"

namespace wordmask::models {

EncoderVitImpl::EncoderVitImpl(const EncoderVitConfig& config) : config_(config) {
  config_.positions.special = config.distilled ? 2 : 1;
  const int64_t side = config.image_size / config.patch_size, width = config.width;
  cls_token = register_parameter("cls_token", parameter({1, 1, width}));
  if (config.distilled) dist_token = register_parameter("dist_token", parameter({1, 1, width}));
  if (config.registers > 0) {
    register_tokens = register_parameter("register_tokens", parameter({1, config.registers, width}));
  }
  pos_embed = register_parameter("pos_embed", parameter({1, config_.positions.special + side * side, width}));
  patch_embed = register_module("patch_embed", PatchEmbed(width, config.patch_size));
  blocks = register_module("blocks", torch::nn::ModuleList());
  const EncoderBlockImpl::Options block{width, config.heads, config.mlp_width, config.layer_norm_eps,
                                        config.layer_scale};
  for (int i = 0; i < config.layers; ++i) blocks->push_back(EncoderBlock(block));
  norm = register_module("norm", LayerNorm(width, config.layer_norm_eps));
}

at::Tensor EncoderVitImpl::whole_patches(const at::Tensor& pixels) const {
  const auto patch = cell(), height = pixels.size(2), width = pixels.size(3);
  const auto below = height % patch, right = width % patch;
  if (below == 0 && right == 0) return pixels;
  if (config_.pad) return at::constant_pad_nd(pixels, {0, right ? patch - right : 0, 0, below ? patch - below : 0});
  return pixels.narrow(2, 0, height - below).narrow(3, 0, width - right);
}

at::Tensor EncoderVitImpl::embed(const at::Tensor& pixels) {
  const auto b = pixels.size(0), h = pixels.size(2) / cell(), w = pixels.size(3) / cell();
  const auto table = pos_embed.squeeze(0);
  const auto position = at::GradMode::is_enabled() ? resize_position(table, h, w, config_.positions)
                                                   : cache_.get(table, h, w, config_.positions);
  const auto special = config_.positions.special;
  const auto leading = dist_token.defined() ? at::cat({cls_token, dist_token}, 1) : cls_token;
  std::vector<at::Tensor> parts{(leading + position.narrow(0, 0, special)).expand({b, -1, -1})};
  if (register_tokens.defined()) parts.push_back(register_tokens.expand({b, -1, -1}));
  const auto patches = patch_embed->proj->patches(pixels).to(position.scalar_type());
  parts.push_back(patches + position.slice(0, special));
  return at::cat(parts, 1);
}

at::Tensor EncoderVitImpl::transform(const at::Tensor& tokens) {
  if (packs(blocks->ptr<EncoderBlockImpl>(0)->attn->qkv->weight)) {
    ResidualStream stream(tokens.contiguous());
    for (const auto& block : *blocks) block->as<EncoderBlockImpl>()->run(stream);
    return stream.normed(*norm, at::kFloat);
  }
  auto x = tokens;
  for (const auto& block : *blocks) x = block->as<EncoderBlockImpl>()->forward(x);
  return norm(x);
}

at::Tensor EncoderVitImpl::features(const at::Tensor& pixels) {
  WM_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.numel() > 0, code::kInvalidArgument,
           "Expected pixels [b, 3, H, W] but received ", pixels.sizes());
  WM_CHECK(config_.pad || (pixels.size(2) >= cell() && pixels.size(3) >= cell()), code::kInvalidArgument,
           "Expected an image of at least ", cell(), "x", cell(), " pixels, one patch, but received ", pixels.size(3),
           "x", pixels.size(2));
  const auto whole = whole_patches(pixels);
  const auto tokens = transform(embed(whole));
  return tokens.slice(1, config_.positions.special + config_.registers)
      .reshape({whole.size(0), whole.size(2) / cell(), whole.size(3) / cell(), channels()});
}

}  // namespace wordmask::models

#include "bindings/convert.h"
#include "models/clip.h"
#include "models/init.h"
#include "models/load.h"
#include "models/position_table.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

Napi::Array to_array(Napi::Env env, at::IntArrayRef values) {
  auto array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) array[i] = Napi::Number::New(env, static_cast<double>(values[i]));
  return array;
}

Napi::Object to_js(Napi::Env env, const at::Tensor& given) {
  const auto tensor = given.detach().to(at::kFloat).contiguous();
  auto data = Napi::Float32Array::New(env, tensor.numel());
  std::copy_n(tensor.const_data_ptr<float>(), tensor.numel(), data.Data());
  auto result = Napi::Object::New(env);
  result["data"] = data;
  result["shape"] = to_array(env, tensor.sizes());
  return result;
}

// moduleState(config) -> [{ key, shape, sources }]: what the module registers and where a file of config.keys has it.
// Works for any size: parameters are memory that nobody has touched.
Napi::Value module_state(const Napi::CallbackInfo& info) {
  const auto config = bindings::read_clip_config({info[0], "config"});
  const models::ClipImpl clip(config);
  const auto keys = models::key_map(config.keys);
  auto result = Napi::Array::New(info.Env());
  for (const auto& [key, tensor] : models::named_state(clip)) {
    auto entry = Napi::Object::New(info.Env());
    entry["key"] = Napi::String::New(info.Env(), key);
    entry["shape"] = to_array(info.Env(), tensor.sizes());
    auto sources = Napi::Array::New(info.Env());
    for (const auto& source : keys.source(key).keys) sources[sources.Length()] = Napi::String::New(info.Env(), source);
    entry["sources"] = sources;
    result[result.Length()] = entry;
  }
  return result;
}

// resizePosition(table [special + g * g, d], h, w, how?) and windowPosition(table, y, x, h, w) -> [special + h * w, d];
// how: { special, offset, antialias, byCount }.
Napi::Value resize_position(const Napi::CallbackInfo& info) {
  const auto at = [&](int i) { return Argument(info[i], "size").integer(1, 1 << 16); };
  models::PositionResize how;
  if (const Argument given(info[3], "how"); given.given()) {
    how = {given["special"].integer(1, 64), given["offset"].number(0, 1), given["antialias"].boolean(),
           given["byCount"].boolean()};
  }
  return to_js(info.Env(), models::resize_position(read_tensor({info[0], "table"}), at(1), at(2), how));
}

Napi::Value window_position(const Napi::CallbackInfo& info) {
  const auto at = [&](int i) { return Argument(info[i], "cell").integer(-1, 1 << 16); };
  return to_js(info.Env(), models::window_position(read_tensor({info[0], "table"}), at(1), at(2), at(3), at(4)));
}

// withoutGradient(config, window) -> keys of parameters that a training pass (class token, patches, text) does not
// reach. The pass sees pictures of window x window cells at the grid's lower right corner.
Napi::Value without_gradient(const Napi::CallbackInfo& info) {
  const auto config = bindings::read_clip_config({info[0], "config"});
  const auto window = Argument(info[1], "window").integer(1, 1024);
  models::ClipImpl clip(config);
  models::initialize(clip, 7);
  auto& vit = clip.vit();
  const int64_t side = config.vision.image_size / config.vision.patch_size, size = window * config.vision.patch_size;
  const auto pixels = at::linspace(-1, 1, 2 * 3 * size * size).sin().view({2, 3, size, size});
  const auto corner = models::window_position(vit.positional_embedding, side - window, side - window, window, window);
  const auto [pooled, patches] = vit.forward_with_patches(pixels, corner);
  auto tokens = at::zeros({2, config.text.context_length}, at::kLong);
  tokens.select(1, 1).fill_(config.text.end_of_text);
  const auto text = clip.encode_text(tokens);
  const auto scale = clip.logit_scale.exp();
  (scale * (at::matmul(pooled, text.t()).sum() + at::matmul(patches, text.t()).square().sum())).backward();
  auto result = Napi::Array::New(info.Env());
  for (const auto& item : clip.named_parameters()) {
    const auto& grad = item.value().grad();
    if (!grad.defined() || !grad.isfinite().all().item<bool>() || grad.abs().max().item<float>() == 0) {
      result[result.Length()] = Napi::String::New(info.Env(), item.key());
    }
  }
  return result;
}

// attention(x [b, n, width], heads, causal, packed) -> { ours, exact, value, exactValue }: the module with weights
// drawn from a fixed seed, and softmax(q k^T / sqrt(d) + mask) v written out in float64.
Napi::Value attention(const Napi::CallbackInfo& info) {
  const auto x = read_tensor({info[0], "x"});
  const auto heads = Argument(info[1], "heads").integer(1, 64), b = x.size(0), n = x.size(1), width = x.size(2);
  const bool causal = Argument(info[2], "causal").boolean();
  models::AttentionImpl module(width, heads);
  at::NoGradGuard no_grad;
  double phase = 0;
  for (auto& weight : module.parameters()) {
    const auto wave = at::arange(weight.numel(), at::kFloat).mul(1.7).add(phase += 0.3).sin();
    weight.copy_(wave.view(weight.sizes()).mul(std::pow(static_cast<double>(width), -0.5)));
  }
  const auto wide = [](const at::Tensor& tensor) { return tensor.to(at::kDouble); };
  const auto out = [&](const at::Tensor& y) {
    return at::linear(y, wide(module.out_proj->weight), wide(module.out_proj->bias));
  };
  const auto qkv = at::linear(wide(x), wide(module.in_proj_weight), wide(module.in_proj_bias)).chunk(3, -1);
  const auto split = [&](const at::Tensor& y) { return y.view({b, n, heads, width / heads}).transpose(1, 2); };
  auto logits =
      at::matmul(split(qkv[0]), split(qkv[1]).transpose(2, 3)) / std::sqrt(static_cast<double>(width / heads));
  if (causal) logits = logits.masked_fill(at::ones({n, n}, at::kBool).triu(1), -1e30);
  const auto mixed = at::matmul(logits.softmax(-1), split(qkv[2])).transpose(1, 2).reshape({b, n, width});
  auto result = Napi::Object::New(info.Env());
  result["exact"] = to_js(info.Env(), out(mixed));
  result["exactValue"] = to_js(info.Env(), out(qkv[2]));
  c10::InferenceMode guard(Argument(info[3], "packed").boolean());
  result["ours"] = to_js(info.Env(), module.forward(x, causal));
  result["value"] = to_js(info.Env(), module.value(x));
  return result;
}

// packedAndPlain(config, pixels [b, 3, s, s]) -> { same, trained, packed, unmarked, image, plain }: whether
// weights are the same bits after a packed pass and a training pass; how many were packed in between, and how many of
// them held anything but NaN; the packed pass beside a plain one.
Napi::Value packed_and_plain(const Napi::CallbackInfo& info) {
  models::ClipImpl clip(bindings::read_clip_config({info[0], "config"}));
  models::redraw(clip, 11);
  const auto pixels = read_tensor({info[1], "pixels"});
  std::vector<at::Tensor> before;
  for (const auto& [key, tensor] : models::named_state(clip)) before.push_back(tensor.detach().clone());
  at::Tensor plain, image;
  {
    at::NoGradGuard no_grad;
    plain = clip.encode_image(pixels);
  }
  {
    c10::InferenceMode guard;
    image = clip.encode_image(pixels).clone();
  }
  int64_t packed = 0, unmarked = 0;
  for (const auto& item : clip.named_parameters()) {
    if (item.value().is_contiguous() || item.value().numel() == 1) continue;
    ++packed;
    unmarked += item.value().isnan().all().item<bool>() ? 0 : 1;
  }
  const auto trained = [&] {
    clip.encode_image(pixels).sum().backward();
    return clip.visual->parameters()[0].grad().defined();
  }();
  bool same = true;
  size_t i = 0;
  for (const auto& [key, tensor] : models::named_state(clip)) same = same && at::equal(tensor, before[i++]);
  auto result = Napi::Object::New(info.Env());
  result["same"] = Napi::Boolean::New(info.Env(), same);
  result["trained"] = Napi::Boolean::New(info.Env(), trained);
  result["packed"] = Napi::Number::New(info.Env(), static_cast<double>(packed));
  result["unmarked"] = Napi::Number::New(info.Env(), static_cast<double>(unmarked));
  result["image"] = to_js(info.Env(), image);
  result["plain"] = to_js(info.Env(), plain);
  return result;
}

// patchesAndDense(config, pixels [1, 3, H, W]) -> { patches, dense, pooled, image }: training's pass beside
// inference's.
Napi::Value patches_and_dense(const Napi::CallbackInfo& info) {
  models::ClipImpl clip(bindings::read_clip_config({info[0], "config"}));
  models::redraw(clip, 5);
  const auto pixels = read_tensor({info[1], "pixels"});
  const auto cell = clip.vit().cell();
  const auto position = clip.vit().position((pixels.size(2) + cell - 1) / cell, (pixels.size(3) + cell - 1) / cell);
  const auto [pooled, patches] = clip.vit().forward_with_patches(pixels, position);
  c10::InferenceMode guard;
  auto result = Napi::Object::New(info.Env());
  result["pooled"] = to_js(info.Env(), pooled);
  result["patches"] = to_js(info.Env(), patches);
  result["dense"] = to_js(info.Env(), clip.visual->dense(pixels));
  result["image"] = to_js(info.Env(), clip.encode_image(pixels));
  return result;
}

}  // namespace

void define_models(Napi::Env, Napi::Object exports) {
  define<module_state>(exports, "moduleState");
  define<resize_position>(exports, "resizePosition");
  define<window_position>(exports, "windowPosition");
  define<without_gradient>(exports, "withoutGradient");
  define<attention>(exports, "attention");
  define<packed_and_plain>(exports, "packedAndPlain");
  define<patches_and_dense>(exports, "patchesAndDense");
}

}  // namespace wordmask::testing

#include "models/text.h"

#include "base/error.h"

namespace wordmask::models {

TextImpl::TextImpl(const ClipConfig& config) : config_(config.text) {
  const auto& text = config_;
  const int64_t rows = text.vocabulary.empty() ? text.vocab_size : static_cast<int64_t>(text.vocabulary.size());
  token_embedding = register_module("token_embedding", Embedding(rows, text.width));
  positional_embedding = register_parameter("positional_embedding", parameter({text.context_length, text.width}));
  transformer = register_module("transformer", Transformer(text.width, text.layers, text.heads, text.mlp_width,
                                                           config.activation, config.layer_norm_eps));
  ln_final = register_module("ln_final", LayerNorm(text.width, config.layer_norm_eps));
  text_projection = register_parameter("text_projection", parameter({text.width, config.embed_dim}));

  if (text.vocabulary.empty()) return;
  c10::InferenceMode normal(false);
  row_of_id_ = at::full({text.vocab_size}, -1, at::kLong);
  auto row = row_of_id_.accessor<int64_t, 1>();
  for (size_t i = 0; i < text.vocabulary.size(); ++i) {
    const auto id = text.vocabulary[i];
    WM_CHECK(id >= 0 && id < text.vocab_size && (i == 0 || id > text.vocabulary[i - 1]), code::kInvalidArgument,
             "Expected ascending ids below ", text.vocab_size, " for text.vocabulary but received ", id, " at ", i);
    row[id] = static_cast<int64_t>(i);
  }
}

at::Tensor TextImpl::lengths(const at::Tensor& tokens) const { return ends(tokens.to(at::kCPU, at::kLong)) + 1; }

at::Tensor TextImpl::ends(const at::Tensor& tokens) const {
  if (config_.end_of_text < 0) return tokens.argmax(1);
  const auto found = tokens == config_.end_of_text;
  const auto any = found.any(1);
  WM_CHECK(any.all().item<bool>(), code::kInvalidArgument, "Expected the end-of-text id ", config_.end_of_text,
           " in every row of tokens but row ", any.logical_not().to(at::kInt).argmax().item<int64_t>(), " has none");
  return found.to(at::kInt).argmax(1);  // the first of equal maxima
}

at::Tensor TextImpl::rows(const at::Tensor& tokens, const at::Tensor& ends) const {
  // Padding after the end of text is never read: it becomes row 0 whatever its id.
  const auto padding = at::arange(tokens.size(1), at::kLong).unsqueeze(0) > ends.unsqueeze(1);
  const auto bad = at::logical_and(at::logical_or(tokens < 0, tokens >= config_.vocab_size), padding.logical_not());
  WM_CHECK(!bad.any().item<bool>(), code::kInvalidArgument, "Expected token ids from 0 to ", config_.vocab_size - 1,
           " but received ", bad.any().item<bool>() ? tokens.masked_select(bad)[0].item<int64_t>() : 0);
  const auto ids = tokens.masked_fill(padding, 0);
  if (!row_of_id_.defined()) return ids;
  const auto mapped = row_of_id_.take(ids).masked_fill(padding, 0);
  const auto missing = mapped < 0;
  WM_CHECK(!missing.any().item<bool>(), code::kInvalidArgument, "Expected ids of this model's reduced vocabulary (",
           config_.vocabulary.size(), " ids) but received ",
           missing.any().item<bool>() ? ids.masked_select(missing)[0].item<int64_t>() : 0);
  return mapped;
}

at::Tensor TextImpl::encode_text(const at::Tensor& given) {
  WM_CHECK(given.dim() == 2 && given.size(0) > 0 && given.size(1) > 0 && given.size(1) <= config_.context_length,
           code::kInvalidArgument, "Expected tokens [n, 1 .. ", config_.context_length, "] but received ",
           given.sizes());
  const auto all = given.to(at::kCPU, at::kLong);
  const auto end = ends(all);
  const auto length = end.max().item<int64_t>() + 1;
  const auto device = token_embedding->weight.device();
  const auto ids = rows(all.slice(1, 0, length), end).to(device);  // [n, length]
  const auto x = at::embedding(token_embedding->weight, ids) + positional_embedding.slice(0, 0, length);
  return project(ln_final(transformer->forward_row(x, end, /*causal=*/true)), text_projection.t());
}

}  // namespace wordmask::models

#pragma once
#include "models/config.h"
#include "models/transformer.h"

namespace wordmask::models {

struct EmbeddingImpl : torch::nn::Module {
  EmbeddingImpl(int64_t rows, int64_t width) { weight = register_parameter("weight", parameter({rows, width})); }

  at::Tensor weight;
};
TORCH_MODULE(Embedding);

// OpenAI's text tower: causal transformer, read at the end-of-text token. Its keys stand at the root of a checkpoint,
// which is why ClipImpl derives from it.
struct TextImpl : torch::nn::Module {
  explicit TextImpl(const ClipConfig& config);

  // int32/int64 [n, <= context], anything after the end of text ignored -> [n, embed]. Runs to the longest end of text.
  // An id without a row in token_embedding is ERR_WORDMASK_INVALID_ARGUMENT.
  at::Tensor encode_text(const at::Tensor& tokens);

  // Tokens of every row up to its end of text: int64 [n]. What a row costs.
  at::Tensor lengths(const at::Tensor& tokens) const;

  Embedding token_embedding{nullptr};
  at::Tensor positional_embedding, text_projection;
  Transformer transformer{nullptr};
  LayerNorm ln_final{nullptr};

 private:
  at::Tensor ends(const at::Tensor& tokens) const;                          // index of the end of text of every row
  at::Tensor rows(const at::Tensor& tokens, const at::Tensor& ends) const;  // ids -> rows of token_embedding

  TextConfig config_;
  at::Tensor row_of_id_;  // int64 [vocab_size], -1 where there is none; undefined when every id has its row
};

}  // namespace wordmask::models

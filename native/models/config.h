#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wordmask::models {

// Field names are those of binding.d.ts and of the cards in models/cards.
enum class Activation { kQuickGelu, kGelu };

struct VisionConfig {
  enum class Kind { kVit, kResNet } kind = Kind::kVit;
  int image_size = 224;
  int width = 768;
  int heads = 12;
  // ViT
  int patch_size = 16;
  int layers = 12;
  int mlp_width = 3072;
  // ModifiedResNet: blocks of the four stages
  std::vector<int> stages;
};

struct TextConfig {
  int context_length = 77;
  int vocab_size = 49408;
  int width = 512;
  int layers = 12;
  int heads = 8;
  int mlp_width = 2048;
  // The row of a text is its first `end_of_text`; negative: its largest id, as OpenAI does.
  int64_t end_of_text = 49407;
  // Ids that own a row of token_embedding, ascending; empty: all of them.
  std::vector<int64_t> vocabulary;
};

struct ClipConfig {
  enum class Keys { kOpenAi, kHuggingFace };
  // Dense features of a ViT: the projected values of the last block alone, or MaskCLIP's with its residual and MLP.
  enum class Dense { kValue, kResidual };
  int embed_dim = 512;
  Activation activation = Activation::kQuickGelu;
  double layer_norm_eps = 1e-5;
  VisionConfig vision;
  TextConfig text;
  Keys keys = Keys::kOpenAi;
  Dense dense = Dense::kResidual;
};

}  // namespace wordmask::models

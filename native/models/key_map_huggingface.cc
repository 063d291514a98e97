#include <array>
#include <utility>

#include "models/key_map.h"

namespace wordmask::models {

namespace {
using Rename = std::pair<std::string, std::string>;

// Longest first where one starts like another. `pre_layrnorm` is transformers' own spelling.
const std::array<Rename, 13> kPrefixes{{
    {"visual.class_embedding", "vision_model.embeddings.class_embedding"},
    {"visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"},
    {"visual.conv1.", "vision_model.embeddings.patch_embedding."},
    {"visual.ln_pre.", "vision_model.pre_layrnorm."},
    {"visual.ln_post.", "vision_model.post_layernorm."},
    {"visual.proj", "visual_projection.weight"},
    {"visual.transformer.resblocks.", "vision_model.encoder.layers."},
    {"token_embedding.", "text_model.embeddings.token_embedding."},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"transformer.resblocks.", "text_model.encoder.layers."},
    {"ln_final.", "text_model.final_layer_norm."},
    {"text_projection", "text_projection.weight"},
    {"logit_scale", "logit_scale"},
}};

const std::array<Rename, 5> kInBlock{{
    {".ln_1.", ".layer_norm1."},
    {".ln_2.", ".layer_norm2."},
    {".attn.out_proj.", ".self_attn.out_proj."},
    {".mlp.c_fc.", ".mlp.fc1."},
    {".mlp.c_proj.", ".mlp.fc2."},
}};

std::string replaced(const std::string& text, const Rename& rename, size_t at) {
  return text.substr(0, at) + rename.second + text.substr(at + rename.first.size());
}

Source source(const std::string& key) {
  for (const auto& prefix : kPrefixes) {
    if (!key.starts_with(prefix.first)) continue;
    auto name = replaced(key, prefix, 0);
    if (prefix.first == "visual.proj" || prefix.first == "text_projection") return {{name}, /*transposed=*/true};
    if (!prefix.first.ends_with("resblocks.")) return {{name}};
    for (const auto& rename : kInBlock) {
      if (const auto at = name.find(rename.first); at != std::string::npos) return {{replaced(name, rename, at)}};
    }
    // .attn.in_proj_weight holds q, k and v below each other.
    Source parts;
    const std::string in_proj = ".attn.in_proj_";
    const auto at = name.find(in_proj);
    for (const char* part : {"q", "k", "v"}) {
      parts.keys.push_back(replaced(name, {in_proj, std::string(".self_attn.") + part + "_proj."}, at));
    }
    return parts;
  }
  return {{key}};
}
}  // namespace

KeyMap huggingface_keys() {
  return {source, [](const std::string& key) { return key.ends_with("embeddings.position_ids"); }};
}

}  // namespace wordmask::models

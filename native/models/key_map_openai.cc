#include "models/key_map.h"

namespace wordmask::models {

KeyMap openai_keys() {
  const auto ignorable = [](const std::string& key) {
    return key == "input_resolution" || key == "context_length" || key == "vocab_size" || key == "attn_mask" ||
           key.ends_with("num_batches_tracked");
  };
  return {[](const std::string& key) { return Source{{key}}; }, ignorable};
}

KeyMap key_map(ClipConfig::Keys keys) {
  return keys == ClipConfig::Keys::kHuggingFace ? huggingface_keys() : openai_keys();
}

}  // namespace wordmask::models

#pragma once
#include <functional>
#include <string>
#include <vector>

#include "models/config.h"

namespace wordmask::models {

// Where the model's tensor lies in a file of some family: one key, or several that are concatenated along dimension 0.
struct Source {
  std::vector<std::string> keys;
  bool transposed = false;
};

struct KeyMap {
  std::function<Source(const std::string& key)> source;   // the model's key -> keys of the file
  std::function<bool(const std::string& key)> ignorable;  // keys of a file that hold no weights
};

KeyMap openai_keys();       // OpenAI and open_clip: the model's own names
KeyMap huggingface_keys();  // transformers' CLIPModel
KeyMap key_map(ClipConfig::Keys keys);

}  // namespace wordmask::models

#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace wordmask::train {

// A pack file: "WMSCENES", u32 format version, u32 length of the JSON header, the header, then the sprites' RGBA bytes
// (straight alpha) in the header's order. Little-endian. Everything is checked against the names and the file's length.
// Format 1: every style serves every split. Format 2: a style may be "trainingOnly"; such styles come last.
struct PackSprite {
  int concept_index = 0;
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgba;
};

struct PackStyle {
  std::string name;
  int weight = 1;
  bool training_only = false;  // drawn in the split 'train' alone
  std::vector<PackSprite> sprites;
};

struct Pack {
  std::string kind;  // "training" | "heldout"
  std::vector<std::string> names;
  int concepts = 0;
  std::vector<PackStyle> styles;
  // The rest is in training packs only.
  std::vector<std::string> plurals;                   // one a concept
  std::vector<std::string> articles;                  // one a name; empty where the name takes none
  std::vector<uint8_t> mass;                          // one a concept: not counted ("bread", "scissors")
  std::vector<std::pair<int, int>> background_pairs;  // upper and lower, indices into names
  std::vector<std::string> templates;                 // "a photo of {}": takes a phrase with its article
  std::vector<std::string> prompts;                   // "a photo of a {}.": takes a bare name
  std::map<std::string, std::vector<int32_t>, std::less<>> dictionary;
  std::vector<int64_t> vocabulary;
  int context_length = 0;
};

inline constexpr uint32_t kPackVersion = 2;  // the newest that is read; all older ones are too

// `source` is named in errors: ERR_WORDMASK_CHECKPOINT when damaged, ERR_WORDMASK_VERSION when newer.
Pack parse_pack(const uint8_t* data, size_t size, const std::string& source);
Pack read_pack(const std::string& file);

}  // namespace wordmask::train

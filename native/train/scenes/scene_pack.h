#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/image.h"

namespace wordmask::train {

enum class Split { kTrain, kUnseen, kHeldOut };

struct SceneOptions {
  int size = 96;
  Split split = Split::kTrain;
  uint64_t seed = 0;
};

// A caption as the trainer needs it: its text, its token ids (start and end included) and the names it mentions.
struct Caption {
  std::string text;
  std::vector<int32_t> tokens;
  std::vector<int> names;
};

struct Scene {
  ImageU8 image;
  std::vector<uint8_t> labels;    // index into ScenePack::names() a pixel
  std::vector<int> present;       // ascending
  std::vector<Caption> captions;  // [0]: one, some or all things (the recipe's mix); [1]: exactly one thing
};

// Sprites, backgrounds and caption vocabulary in one file (format version inside). The same (pack, options, index)
// gives the same scene on every machine: integer arithmetic and a counter-based generator.
class ScenePack {
 public:
  static std::shared_ptr<ScenePack> open(const std::string& file);
  virtual ~ScenePack() = default;
  virtual const std::vector<std::string>& names() const = 0;  // concepts first, backgrounds last
  virtual int concepts() const = 0;
  virtual const std::vector<std::string>& styles() const = 0;
  virtual const std::vector<int64_t>& vocabulary() const = 0;  // token ids that captions, prompts and templates use, ascending
  virtual Scene render(uint64_t index, const SceneOptions& options) const = 0;
};

}  // namespace wordmask::train

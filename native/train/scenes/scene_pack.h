#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/image.h"

namespace wordmask::train {

enum class Split { kTrain, kUnseen, kHeldOut };

struct SceneOptions {
  int size = 96;  // side in pixels, 48 .. 512
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
  std::vector<uint8_t> labels;  // index into ScenePack::names() a pixel
  std::vector<int> present;     // ascending
  std::vector<Caption>
      captions;  // [0]: one, some or all things (the recipe's mix); [1]: exactly one thing; [2]: everything
};

// Sprites, backgrounds and caption vocabulary in one file (format version inside). The same (pack, options, index)
// gives the same scene on every machine: integer arithmetic and a counter-based generator.
class ScenePack {
 public:
  // files[0]: the pack of the training styles; files[1], optional: the pack of the held-out style, without which the
  // split kHeldOut is ERR_WORDMASK_INVALID_ARGUMENT. Damaged: ERR_WORDMASK_CHECKPOINT; newer format:
  // ERR_WORDMASK_VERSION.
  static std::shared_ptr<ScenePack> open(const std::vector<std::string>& files);
  virtual ~ScenePack() = default;
  virtual const std::vector<std::string>& names() const = 0;  // concepts first, backgrounds last
  virtual int concepts() const = 0;
  // Those for training only included; the held-out one last, when its file was given.
  virtual const std::vector<std::string>& styles() const = 0;
  virtual const std::vector<int64_t>& vocabulary()
      const = 0;  // token ids that captions, prompts and templates use, ascending
  virtual const std::vector<std::string>& prompts() const = 0;  // "a photo of a {}.": take a bare name
  virtual int context_length() const = 0;                       // no caption has more tokens
  // Start mark, ids, end mark, by the pack's dictionary; a word outside it is ERR_WORDMASK_INVALID_ARGUMENT.
  virtual std::vector<int32_t> tokenize(const std::string& text) const = 0;
  // Safe from several threads at once.
  virtual Scene render(uint64_t index, const SceneOptions& options) const = 0;
  // Scene::present of that scene, which is laid out and not painted: several times as fast. Safe from several threads.
  virtual std::vector<int> present(uint64_t index, const SceneOptions& options) const = 0;
};

}  // namespace wordmask::train

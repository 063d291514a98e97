#include "train/source.h"

#include "base/error.h"
#include "train/packed_source.h"
#include "train/scenes/scene_pack.h"
#include "train/vocabulary.h"

namespace wordmask::train {
namespace {

class SceneSource : public Source {
 public:
  explicit SceneSource(const TrainClipOptions& options)
      : pack_(ScenePack::open({options.scene_pack})),
        vocabulary_(options.model.text),
        context_(options.model.text.context_length),
        seed_(options.seed) {
    WM_CHECK(pack_->names().size() <= Names().size(), code::kInvalidArgument, "Expected a pack of at most ",
             Names().size(), " names but received ", pack_->names().size());
  }
  bool has_tags() const override { return true; }
  Sample sample(uint64_t index, int size) const override {
    auto scene = pack_->render(index, {size, Split::kTrain, seed_});
    Sample sample;
    sample.image = std::move(scene.image);
    for (const int name : scene.present) sample.present.set(name);
    for (int k = 0; k < 2; ++k) {
      const auto& caption = scene.captions.at(k);
      WM_CHECK(static_cast<int>(caption.tokens.size()) <= context_, code::kInvalidArgument, "Caption \"", caption.text,
               "\" has ", caption.tokens.size(), " tokens, more than the context length ", context_);
      for (const int32_t id : caption.tokens) sample.rows[k].push_back(vocabulary_.row(id));
      for (const int name : caption.names) sample.named[k].set(name);
    }
    return sample;
  }

 private:
  std::shared_ptr<ScenePack> pack_;
  Vocabulary vocabulary_;
  int context_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Source> open_source(const TrainClipOptions& options) {
  if (options.scene_pack.empty()) return open_packed_source(options);
  return std::make_unique<SceneSource>(options);
}

}  // namespace wordmask::train

#include "train/source.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "train/packed_source.h"
#include "train/random.h"
#include "train/scenes/scene_pack.h"
#include "train/vocabulary.h"

namespace wordmask::train {
namespace {

constexpr uint64_t kPromptStream = 0x9a3e;

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
  std::vector<std::vector<int64_t>> names(uint64_t draw) const override {
    const auto& prompts = pack_->prompts();
    const auto& prompt = prompts[Random(seed_, kPromptStream, draw).below(static_cast<int>(prompts.size()))];
    const auto hole = prompt.find("{}");
    std::vector<std::vector<int64_t>> rows;
    for (const auto& name : pack_->names()) {
      auto& row = rows.emplace_back();
      for (const int32_t id : pack_->tokenize(prompt.substr(0, hole) + name + prompt.substr(hole + 2)))
        row.push_back(vocabulary_.row(id));
    }
    return rows;
  }
  Sample sample(uint64_t index, int size) const override {
    auto scene = pack_->render(index, {size, Split::kTrain, seed_});
    Sample sample;
    sample.image = std::move(scene.image);
    for (const int name : scene.present) sample.present.set(name);
    for (const int k : {0, 2}) {  // a caption that says this or that, and one that says everything
      auto& caption = sample.captions.emplace_back();
      caption.tokens = rows(scene.captions.at(k));
      for (const int name : scene.captions[k].names) caption.named.set(name);
      caption.everything = k == 2 && caption.named == sample.present;
    }
    sample.single = rows(scene.captions.at(1));
    return sample;
  }

 private:
  std::vector<int64_t> rows(const Caption& caption) const {
    WM_CHECK(static_cast<int>(caption.tokens.size()) <= context_, code::kInvalidArgument, "Caption \"", caption.text,
             "\" has ", caption.tokens.size(), " tokens, more than the context length ", context_);
    std::vector<int64_t> rows;
    for (const int32_t id : caption.tokens) rows.push_back(vocabulary_.row(id));
    return rows;
  }

  std::shared_ptr<ScenePack> pack_;
  Vocabulary vocabulary_;
  int context_;
  uint64_t seed_;
};

}  // namespace

at::Tensor caption_truth(const std::vector<const Sample*>& pictures) {
  const auto n = static_cast<int64_t>(pictures.size());
  const auto each = n == 0 ? 0 : static_cast<int64_t>(pictures[0]->captions.size());
  auto truth = at::empty({n, n * each}, at::kFloat);
  float* out = truth.data_ptr<float>();
  for (const auto* picture : pictures)
    for (const auto* other : pictures)
      for (const auto& [tokens, named, everything] : other->captions)
        *out++ = named.any() && (everything ? named == picture->present : (named & ~picture->present).none());
  return truth;
}

std::unique_ptr<Source> open_source(const TrainClipOptions& options) {
  if (options.scene_pack.empty()) return open_packed_source(options);
  return std::make_unique<SceneSource>(options);
}

}  // namespace wordmask::train

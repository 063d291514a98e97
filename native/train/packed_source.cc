#include "train/packed_source.h"

#include <ATen/ATen.h>

#include <cstring>

#include "base/error.h"
#include "train/shuffle.h"
#include "train/vocabulary.h"
#include "weights/checkpoint.h"

namespace wordmask::train {
namespace {

class PackedSource : public Source {
 public:
  explicit PackedSource(const TrainClipOptions& options) : vocabulary_(options.model.text), seed_(options.seed) {
    pixels_file_ = weights::open_checkpoint({options.packed_pixels});
    tokens_file_ = weights::open_checkpoint({options.packed_tokens});
    pixels_ = pixels_file_->tensor("pixels");
    tokens_ = tokens_file_->tensor("tokens").to(at::kLong);
    WM_CHECK(pixels_.dim() == 4 && pixels_.scalar_type() == at::kByte && pixels_.size(0) > 0 && pixels_.size(1) > 0 &&
                 pixels_.size(1) == pixels_.size(2) && pixels_.size(3) == 3,
             code::kInvalidArgument, "Expected uint8 pixels [n, s, s, 3] in ", options.packed_pixels, " but received ",
             pixels_.scalar_type(), " ", pixels_.sizes());
    WM_CHECK(tokens_.dim() == 2 && tokens_.size(0) == pixels_.size(0) &&
                 tokens_.size(1) <= options.model.text.context_length,
             code::kInvalidArgument, "Expected tokens [", pixels_.size(0), ", at most ",
             options.model.text.context_length, "] in ", options.packed_tokens, " but received ", tokens_.sizes());
  }
  bool has_tags() const override { return false; }
  Sample sample(uint64_t index, int size) const override {
    const auto n = static_cast<uint64_t>(pixels_.size(0));
    const auto row = static_cast<int64_t>(shuffled(index % n, n, seed_, index / n));
    c10::NoGradGuard no_grad;
    auto picture = pixels_[row];
    if (picture.size(0) != size) {
      picture = at::_upsample_bilinear2d_aa(picture.permute({2, 0, 1}).unsqueeze(0).contiguous(), {size, size}, false)
                    .squeeze(0)
                    .permute({1, 2, 0});
    }
    picture = picture.contiguous();
    Sample sample;
    sample.image = {size, size, {}};
    const auto* bytes = picture.const_data_ptr<uint8_t>();
    sample.image.data.assign(bytes, bytes + picture.numel());
    const auto* ids = tokens_.const_data_ptr<int64_t>() + row * tokens_.size(1);
    int64_t length = tokens_.size(1);
    while (length > 1 && ids[length - 1] == 0) --length;
    for (int64_t k = 0; k < length; ++k) sample.single.push_back(vocabulary_.row(ids[k]));
    sample.captions = {{sample.single, {}}};
    return sample;
  }

 private:
  Vocabulary vocabulary_;
  uint64_t seed_;
  std::shared_ptr<weights::Checkpoint> pixels_file_, tokens_file_;
  at::Tensor pixels_, tokens_;
};

}  // namespace

std::unique_ptr<Source> open_packed_source(const TrainClipOptions& options) {
  return std::make_unique<PackedSource>(options);
}

}  // namespace wordmask::train

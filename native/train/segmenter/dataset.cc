#include "train/segmenter/dataset.h"

#include <ATen/ATen.h>

#include <cstdlib>

#include "base/error.h"
#include "weights/checkpoint.h"

namespace wordmask::train {

PackedPictures::PackedPictures(const std::string& file) : file_(file), checkpoint_(weights::open_checkpoint({file})) {
  const auto& metadata = checkpoint_->metadata();
  const auto side = [&](const char* name) {
    const auto found = metadata.find(name);
    return found == metadata.end() ? 0 : std::atoll(found->second.c_str());
  };
  width_ = side("width"), height_ = side("height");
  for (const auto& entry : checkpoint_->entries())
    if (entry.key == "samples") samples_ = checkpoint_->tensor(entry.key);
  WM_CHECK(samples_.defined() && samples_.dim() == 2 && samples_.scalar_type() == at::kByte && width_ > 0 &&
               height_ > 0 && samples_.size(1) == 4 * width_ * height_,
           code::kCheckpoint, "Expected packed pictures in ", file,
           " (uint8 samples [n, 4 * width * height] and the metadata width and height)");
  WM_CHECK(count() > 0, code::kInvalidArgument, "Expected at least one picture in ", file, " but it holds none");
}

at::Tensor PackedPictures::pixels(int64_t i) const {
  return samples_[i].narrow(0, 0, 3 * width_ * height_).view({height_, width_, 3});
}

at::Tensor PackedPictures::labels(int64_t i) const {
  return samples_[i].narrow(0, 3 * width_ * height_, width_ * height_).view({height_, width_});
}

void PackedPictures::check_labels(int64_t i, int64_t classes) const {
  const auto map = labels(i);
  const auto* label = map.const_data_ptr<uint8_t>();
  for (int64_t k = 0; k < map.numel(); ++k)
    WM_CHECK(label[k] < classes || label[k] == kIgnored, code::kInvalidArgument, "Picture ", i, " of ", file_,
             " has the label ", static_cast<int>(label[k]), ", expected 0 to ", classes - 1, ", or ",
             static_cast<int>(kIgnored));
}

}  // namespace wordmask::train

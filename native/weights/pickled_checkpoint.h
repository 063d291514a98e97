#pragma once
#include <unordered_map>

#include "weights/checkpoint.h"
#include "weights/state_dict.h"

namespace wordmask::weights {

// Tensors that a pickle describes over storages that lie beside it.
class PickledCheckpoint final : public Checkpoint {
 public:
  struct Parts {
    std::string path;
    std::string format;
    StateDict state;
    std::unordered_map<std::string, Bytes> storages;  // by key; each at least as long as the pickle says
    std::vector<std::shared_ptr<const void>> keep;    // whatever the bytes point into
  };
  explicit PickledCheckpoint(Parts parts);

  std::string format() const override { return parts_->format; }
  const std::vector<TensorEntry>& entries() const override { return entries_; }
  const std::map<std::string, std::string>& metadata() const override { return parts_->state.metadata; }
  at::Tensor tensor(const std::string& key) const override;

 private:
  std::shared_ptr<const Parts> parts_;
  std::vector<TensorEntry> entries_;
  std::unordered_map<std::string, size_t> index_;
};

// The tensor of `array` over its storage; aliases it, and keeps `keep` alive, unless it is unaligned.
at::Tensor view_of(const StoredArray& array, Bytes storage, std::shared_ptr<const void> keep);

}  // namespace wordmask::weights

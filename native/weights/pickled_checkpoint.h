#pragma once
#include <unordered_map>
#include <unordered_set>

#include "weights/checkpoint.h"
#include "weights/state_dict.h"

namespace wordmask::weights {

// Tensors that a pickle describes over storages that lie beside it.
class PickledCheckpoint final : public Checkpoint {
 public:
  struct Storage {
    Bytes bytes;
    uint32_t crc = 0;  // as the archive states it; 0: it states none (torch.save can leave it out)
    // ERR_WORDMASK_CHECKPOINT where the bytes do not have it.
    void check(const std::string& name, const std::string& path) const;
  };
  struct Parts {
    std::string path;
    std::string format;
    StateDict state;
    std::unordered_map<std::string, Storage> storages;  // by key; each at least as long as the pickle says
    std::vector<std::shared_ptr<const void>> keep;      // whatever the bytes point into
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
  mutable std::unordered_set<std::string> checked_;  // storages whose checksum was compared; one thread at a time
};

// The tensor of `array` over its storage; aliases it, and keeps `keep` alive, unless it is unaligned.
at::Tensor view_of(const StoredArray& array, Bytes storage, std::shared_ptr<const void> keep);

}  // namespace wordmask::weights

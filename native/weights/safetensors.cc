#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <unordered_map>

#include "weights/dtype_torch.h"
#include "weights/reader.h"
#include "weights/safetensors_header.h"

namespace wordmask::weights {
namespace {

class Safetensors final : public Checkpoint {
 public:
  explicit Safetensors(MappedFilePtr file) : file_(std::move(file)) {
    SafetensorsHeader header = parse_safetensors_header(file_->bytes(), file_->path());
    metadata_ = std::move(header.metadata);
    tensors_ = std::move(header.tensors);
    entries_.reserve(tensors_.size());
    for (const StoredTensor& tensor : tensors_) {
      index_.emplace(tensor.key, entries_.size());
      entries_.push_back({tensor.key, scalar_type(tensor.dtype), tensor.shape});
    }
  }

  std::string format() const override { return "safetensors"; }
  const std::vector<TensorEntry>& entries() const override { return entries_; }
  const std::map<std::string, std::string>& metadata() const override { return metadata_; }

  at::Tensor tensor(const std::string& key) const override {
    const auto found = index_.find(key);
    WM_CHECK(found != index_.end(), code::kCheckpointKeys, file_->path(), " holds no tensor '", key, "'");
    const StoredTensor& stored = tensors_[found->second];
    const uint8_t* data = file_->bytes().data() + stored.offset;
    const at::TensorOptions options = at::TensorOptions().dtype(scalar_type(stored.dtype));
    // Files of old writers are not padded: an unaligned tensor is copied.
    if (stored.bytes == 0 || reinterpret_cast<uintptr_t>(data) % size_of(stored.dtype) != 0) {
      at::Tensor copy = at::empty(stored.shape, options);
      if (stored.bytes > 0) std::memcpy(copy.data_ptr(), data, stored.bytes);
      return copy;
    }
    return at::from_blob(
        const_cast<uint8_t*>(data), stored.shape, [file = file_](void*) {}, options);
  }

 private:
  MappedFilePtr file_;
  std::vector<StoredTensor> tensors_;
  std::vector<TensorEntry> entries_;
  std::unordered_map<std::string, size_t> index_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace

std::shared_ptr<Checkpoint> open_safetensors(MappedFilePtr file) {
  return std::make_shared<Safetensors>(std::move(file));
}

}  // namespace wordmask::weights

#include "weights/pickled_checkpoint.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>

#include "weights/crc32.h"
#include "weights/dtype_torch.h"

namespace wordmask::weights {

at::Tensor view_of(const StoredArray& array, Bytes storage, std::shared_ptr<const void> keep) {
  const at::TensorOptions options = at::TensorOptions().dtype(scalar_type(array.dtype));
  if (array.numel == 0) return at::empty(array.shape, options);
  const size_t item = size_of(array.dtype);
  const uint8_t* data = storage.data() + static_cast<uint64_t>(array.offset) * item;
  if (reinterpret_cast<uintptr_t>(data) % item != 0) {
    at::Tensor copy = at::empty({static_cast<int64_t>(array.span)}, options);
    std::memcpy(copy.data_ptr(), data, array.span * item);
    return copy.as_strided(array.shape, array.strides);
  }
  return at::from_blob(
      const_cast<uint8_t*>(data), array.shape, array.strides, [keep = std::move(keep)](void*) {}, options);
}

void PickledCheckpoint::Storage::check(const std::string& name, const std::string& path) const {
  WM_CHECK(crc == 0 || crc32(bytes) == crc, code::kCheckpoint, "Record '", name, "' of ", path,
           " does not have the checksum that the archive states: damaged. Download or copy the file again");
}

PickledCheckpoint::PickledCheckpoint(Parts parts) : parts_(std::make_shared<const Parts>(std::move(parts))) {
  for (const auto& [key, array] : parts_->state.tensors) {
    if (!array.storage.empty()) {
      const auto found = parts_->storages.find(array.storage);
      const uint64_t needed = (static_cast<uint64_t>(array.offset) + array.span) * size_of(array.dtype);
      WM_CHECK(array.numel == 0 || (found != parts_->storages.end() && needed <= found->second.bytes.size()),
               code::kCheckpoint, "The storage '", array.storage, "' of tensor '", key, "' is missing or short in ",
               parts_->path, ": truncated or damaged");
    }
    index_.emplace(key, entries_.size());
    entries_.push_back({key, scalar_type(array.dtype), array.shape});
  }
}

at::Tensor PickledCheckpoint::tensor(const std::string& key) const {
  const auto found = index_.find(key);
  WM_CHECK(found != index_.end(), code::kCheckpointKeys, parts_->path, " holds no tensor '", key, "'");
  const StoredArray& array = parts_->state.tensors[found->second].second;
  Bytes storage = array.inline_bytes;
  if (!array.storage.empty() && array.numel > 0) {
    const Storage& stored = parts_->storages.at(array.storage);
    if (!checked_.contains(array.storage)) stored.check("data/" + array.storage, parts_->path);
    checked_.insert(array.storage);
    storage = stored.bytes;
  }
  return view_of(array, storage, parts_);
}

}  // namespace wordmask::weights

#include "weights/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "weights/reader.h"

namespace wordmask::weights {
namespace {

// What DistributedDataParallel puts before every key.
constexpr std::string_view kWrapper = "module.";

bool all_wrapped(const std::vector<TensorEntry>& entries) {
  return !entries.empty() && std::all_of(entries.begin(), entries.end(),
                                         [](const TensorEntry& entry) { return entry.key.starts_with(kWrapper); });
}

// A checkpoint saved from inside the wrapper, under the names of the model itself.
class Unwrapped final : public Checkpoint {
 public:
  explicit Unwrapped(std::shared_ptr<Checkpoint> wrapped)
      : wrapped_(std::move(wrapped)), entries_(wrapped_->entries()) {
    for (TensorEntry& entry : entries_) entry.key.erase(0, kWrapper.size());
  }

  std::string format() const override { return wrapped_->format(); }
  const std::vector<TensorEntry>& entries() const override { return entries_; }
  const std::map<std::string, std::string>& metadata() const override { return wrapped_->metadata(); }
  at::Tensor tensor(const std::string& key) const override { return wrapped_->tensor(std::string(kWrapper) + key); }

 private:
  std::shared_ptr<Checkpoint> wrapped_;
  std::vector<TensorEntry> entries_;
};

// Several files as one checkpoint; a key lies in exactly one of them.
class Sharded final : public Checkpoint {
 public:
  explicit Sharded(std::vector<std::shared_ptr<Checkpoint>> shards) : shards_(std::move(shards)) {
    for (size_t i = 0; i < shards_.size(); ++i) {
      for (const TensorEntry& entry : shards_[i]->entries()) {
        WM_CHECK(owner_.emplace(entry.key, i).second, code::kCheckpoint, "Two shards hold the tensor '", entry.key,
                 "'");
        entries_.push_back(entry);
      }
      metadata_.insert(shards_[i]->metadata().begin(), shards_[i]->metadata().end());
    }
  }

  std::string format() const override { return shards_.front()->format(); }
  const std::vector<TensorEntry>& entries() const override { return entries_; }
  const std::map<std::string, std::string>& metadata() const override { return metadata_; }
  at::Tensor tensor(const std::string& key) const override {
    const auto found = owner_.find(key);
    WM_CHECK(found != owner_.end(), code::kCheckpointKeys, "No shard holds the tensor '", key, "'");
    return shards_[found->second]->tensor(key);
  }

 private:
  std::vector<std::shared_ptr<Checkpoint>> shards_;
  std::unordered_map<std::string, size_t> owner_;
  std::vector<TensorEntry> entries_;
  std::map<std::string, std::string> metadata_;
};

std::shared_ptr<Checkpoint> open_one(const std::string& path) {
  MappedFilePtr file = MappedFile::open(path);
  const Bytes bytes = file->bytes();
  const auto begins = [&](std::string_view magic, size_t at = 0) {
    return bytes.size() >= at + magic.size() && std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
  };
  if (begins("PK")) return open_torch_zip(std::move(file));
  if (begins("{", 8)) return open_safetensors(std::move(file));
  if (begins("\x80") || begins("(") || begins("}")) return open_pickle(std::move(file));
  if (begins("version https://git-lfs")) {
    fail(code::kCheckpoint, path, " is a Git LFS pointer, not the weights. Run: git lfs pull");
  }
  fail(code::kCheckpoint, path,
       " is no checkpoint: expected safetensors, a zip of torch.save or TorchScript, or a pickle");
}

}  // namespace

std::shared_ptr<Checkpoint> open_checkpoint(const std::vector<std::string>& files) {
  WM_CHECK(!files.empty(), code::kInvalidArgument, "Expected at least one checkpoint file but received none");
  std::vector<std::shared_ptr<Checkpoint>> shards;
  for (const std::string& path : files) shards.push_back(open_one(path));
  std::shared_ptr<Checkpoint> whole =
      shards.size() == 1 ? shards.front() : std::make_shared<Sharded>(std::move(shards));
  return all_wrapped(whole->entries()) ? std::make_shared<Unwrapped>(std::move(whole)) : whole;
}

}  // namespace wordmask::weights

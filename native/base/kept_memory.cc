#include "base/kept_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <stdlib.h>

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace wordmask {
namespace {

constexpr size_t kPage = 4096;
thread_local bool computes = false;

struct Block {
  void* data;
  size_t bytes;
};

class KeptMemory final : public c10::Allocator {
 public:
  static KeptMemory& instance() {
    static auto* value = new KeptMemory;  // never destroyed: tensors are given up during exit
    return *value;
  }

  c10::DataPtr allocate(size_t bytes) override {
    void* data = bytes < kLeastKept ? c10::alloc_cpu(bytes) : large(bytes);
    return {data, data, &give_up, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_up; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  void release() {
    std::vector<Block> blocks;
    {
      std::lock_guard lock(mutex_);
      blocks.swap(kept_);
      bytes_ = 0;
    }
    for (const auto& block : blocks) free(block.data);
  }

  size_t kept() {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  void* large(size_t bytes) {
    const size_t rounded = (bytes + kPage - 1) / kPage * kPage;
    {
      std::lock_guard lock(mutex_);
      if (const Block block = take(rounded); block.data) {
        used_.emplace(block.data, block.bytes);
        return block.data;
      }
    }
    void* data = nullptr;
    if (posix_memalign(&data, kPage, rounded) != 0) {
      release();
      if (posix_memalign(&data, kPage, rounded) != 0) return c10::alloc_cpu(bytes);  // throws, in LibTorch's words
    }
    std::lock_guard lock(mutex_);
    used_.emplace(data, rounded);
    return data;
  }

  // The smallest that is kept and at most an eighth larger, the latest of those; or null. With the lock.
  Block take(size_t bytes) {
    size_t best = kept_.size();
    for (size_t i = kept_.size(); i-- > 0;) {
      if (kept_[i].bytes < bytes || kept_[i].bytes > bytes + bytes / 8) continue;
      if (best == kept_.size() || kept_[i].bytes < kept_[best].bytes) best = i;
    }
    if (best == kept_.size()) return {nullptr, 0};
    const Block block = kept_[best];
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(best));
    bytes_ -= block.bytes;
    return block;
  }

  static void give_up(void* data) {
    // Large blocks begin pages, as one in 64 of the others does.
    if (reinterpret_cast<uintptr_t>(data) % kPage != 0 || !instance().keep(data)) c10::free_cpu(data);
  }

  // False: it is not one of ours.
  bool keep(void* data) {
    std::vector<Block> surplus;
    {
      std::lock_guard lock(mutex_);
      const auto found = used_.find(data);
      if (found == used_.end()) return false;
      const Block block{data, found->second};
      used_.erase(found);
      if (computes && block.bytes <= kMostKept) {
        kept_.push_back(block);
        bytes_ += block.bytes;
        auto oldest = kept_.begin();
        for (; bytes_ > kMostKept; ++oldest) bytes_ -= oldest->bytes;
        surplus.assign(kept_.begin(), oldest);
        kept_.erase(kept_.begin(), oldest);
      } else {
        surplus.push_back(block);
      }
    }
    for (const auto& block : surplus) free(block.data);
    return true;
  }

  std::mutex mutex_;
  std::vector<Block> kept_;  // the oldest first
  size_t bytes_ = 0;         // of kept_
  std::unordered_map<void*, size_t> used_;
};

}  // namespace

KeepsMemory::KeepsMemory() : before_(std::exchange(computes, true)) {}
KeepsMemory::~KeepsMemory() { computes = before_; }

void keep_memory() {
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(&KeptMemory::instance(), /*priority=*/1); });
}

void release_kept_memory() { KeptMemory::instance().release(); }

size_t kept_memory() { return KeptMemory::instance().kept(); }

}  // namespace wordmask

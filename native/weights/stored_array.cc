#include "weights/stored_array.h"

#include <algorithm>

#include "base/error.h"

namespace wordmask::weights {
namespace {

// An expanded view (stride 0) may have more elements than its storage; beyond this it is a lie that would eat the
// memory.
constexpr int64_t kMaxExpanded = 1 << 24;
constexpr size_t kMaxDimensions = 64;

}  // namespace

void check_layout(StoredArray& array, const std::string& key, const std::string& path) {
  const bool ranks = array.shape.size() == array.strides.size() && array.shape.size() <= kMaxDimensions;
  WM_CHECK(ranks && array.offset >= 0, code::kCheckpoint, "Tensor '", key, "' of ", path,
           " has a malformed shape, stride or offset");
  const int64_t storage = static_cast<int64_t>(array.storage_bytes / size_of(array.dtype));
  int64_t last = array.offset;
  bool overflow = false;
  array.numel = 1;
  for (size_t i = 0; i < array.shape.size(); ++i) {
    const int64_t size = array.shape[i], stride = array.strides[i];
    WM_CHECK(size >= 0 && stride >= 0, code::kCheckpoint, "Tensor '", key, "' of ", path,
             " has a negative size or stride");
    int64_t reach = 0;
    overflow |= __builtin_mul_overflow(array.numel, size, &array.numel);
    if (size > 0)
      overflow |= __builtin_mul_overflow(size - 1, stride, &reach) || __builtin_add_overflow(last, reach, &last);
  }
  WM_CHECK(!overflow, code::kCheckpoint, "The shape of tensor '", key, "' of ", path, " overflows 64 bits");
  if (array.numel == 0) {
    array.span = 0;
    return;
  }
  WM_CHECK(last < storage, code::kCheckpoint, "Tensor '", key, "' of ", path, " reaches element ", last,
           " of a storage of ", storage, ": truncated or damaged");
  WM_CHECK(array.numel <= std::max(storage, kMaxExpanded), code::kCheckpoint, "Tensor '", key, "' of ", path,
           " claims ", array.numel, " elements over a storage of ", storage);
  array.span = static_cast<uint64_t>(last - array.offset) + 1;
}

}  // namespace wordmask::weights

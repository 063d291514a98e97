#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>

#include "base/fault_guard.h"

namespace wordmask::pipeline {

struct VectorLayout {
  int64_t rows = 0;
  int64_t dim = 0;
  at::ScalarType dtype = at::kHalf;  // float32, float16 or bfloat16
  int64_t offset = 0;                // byte of the first row, a multiple of the size of a value
};

// Rows of a file mapped read only. The mapping holds the file itself: renaming, replacing or unlinking its name changes
// nothing. Its bytes must stay as they are; a file that is cut short meanwhile is found out by check(), not by a crash.
class MappedVectors {
 public:
  // ERR_WORDMASK_FILE_NOT_FOUND; ERR_WORDMASK_IO when it cannot be opened or mapped; ERR_WORDMASK_VECTORS when it is no
  // regular file or holds fewer bytes than the layout says (more are allowed: what lies behind is not looked at).
  static std::shared_ptr<const MappedVectors> open(const std::string& path, const VectorLayout& layout);
  ~MappedVectors();
  MappedVectors(const MappedVectors&) = delete;
  MappedVectors& operator=(const MappedVectors&) = delete;

  const VectorLayout& layout() const { return layout_; }
  const at::Tensor& rows() const { return rows_; }  // [rows, dim], over the mapping; valid as long as this
  int64_t row_bytes() const { return rows_.size(1) * static_cast<int64_t>(rows_.element_size()); }
  // ERR_WORDMASK_VECTORS when the file was cut short since it was opened: what was read since then is worthless.
  void check() const;
  // Asks the system to read these rows from the disk; returns at once (0.1 ms for 64 MB that are in memory already,
  // which MADV_POPULATE_READ takes 2 ms for, more than all the page faults that it saves).
  void fetch(int64_t first, int64_t count) const;

 private:
  MappedVectors(std::string path, const VectorLayout& layout, int file, void* base, size_t bytes);
  std::string path_;
  VectorLayout layout_;
  int file_;
  void* base_;
  size_t bytes_;  // of the mapping, which begins with the file
  std::optional<FaultGuard> guard_;
  at::Tensor rows_;
};
using MappedVectorsPtr = std::shared_ptr<const MappedVectors>;

}  // namespace wordmask::pipeline

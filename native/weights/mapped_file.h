#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace wordmask::weights {

using Bytes = std::span<const uint8_t>;

// A whole file mapped read-only. Writing through a tensor that aliases it faults: copy first.
class MappedFile {
 public:
  // ERR_WORDMASK_FILE_NOT_FOUND when there is no such file, ERR_WORDMASK_IO when it cannot be opened or mapped,
  // ERR_WORDMASK_CHECKPOINT when it is a folder or empty.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  Bytes bytes() const { return bytes_; }

 private:
  MappedFile(std::string path, Bytes bytes) : path_(std::move(path)), bytes_(bytes) {}
  std::string path_;
  Bytes bytes_;
};
using MappedFilePtr = std::shared_ptr<const MappedFile>;

}  // namespace wordmask::weights

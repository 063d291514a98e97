#include "weights/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace wordmask::weights {
namespace {

std::string beside(const std::string& path) {
  static std::atomic<int> counter{0};  // two threads may write the same destination
  return path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), beside_(beside(path_)) {
  fd_ = ::open(beside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_io("create");
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) {
    ::close(fd_);
    ::unlink(beside_.c_str());
  }
}

void AtomicFile::write(const void* data, size_t bytes) {
  const auto* next = static_cast<const uint8_t*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(fd_, next, std::min<size_t>(bytes, size_t{1} << 30));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail_io("write");
    }
    next += written;
    bytes -= static_cast<size_t>(written);
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) fail_io("flush");
  if (::rename(beside_.c_str(), path_.c_str()) != 0) fail_io("rename");
  ::close(fd_);
  fd_ = -1;
  // The name itself must survive a power cut too.
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  const int parent = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) {
    ::fsync(parent);
    ::close(parent);
  }
}

void AtomicFile::fail_io(const char* doing) const {
  fail(code::kIo, "Cannot ", doing, " ", beside_, ": ", std::strerror(errno));
}

}  // namespace wordmask::weights

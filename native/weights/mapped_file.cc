#include "weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace wordmask::weights {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

MappedFilePtr MappedFile::open(const std::string& path) {
  // Without O_NONBLOCK a pipe would be waited for.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) {
    const int reason = errno;
    const bool missing = reason == ENOENT || reason == ENOTDIR;
    fail(missing ? code::kFileNotFound : code::kIo, "Cannot open the checkpoint ", path, ": ", std::strerror(reason));
  }
  struct stat status {};
  WM_CHECK(::fstat(file.fd, &status) == 0, code::kIo, "Cannot stat ", path, ": ", std::strerror(errno));
  WM_CHECK(S_ISREG(status.st_mode), code::kCheckpoint, "Expected a checkpoint file but ", path,
           S_ISDIR(status.st_mode) ? " is a folder" : " is not a regular file");
  WM_CHECK(status.st_size > 0, code::kCheckpoint, "Expected a checkpoint but ", path, " is empty (0 bytes)");
  const size_t size = static_cast<size_t>(status.st_size);
  void* base = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  WM_CHECK(base != MAP_FAILED, code::kIo, "Cannot map ", path, " (", size, " bytes): ", std::strerror(errno));
  return MappedFilePtr(new MappedFile(path, Bytes(static_cast<const uint8_t*>(base), size)));
}

MappedFile::~MappedFile() { ::munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size()); }

}  // namespace wordmask::weights

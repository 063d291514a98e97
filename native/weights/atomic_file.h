#pragma once
#include <cstddef>
#include <string>

namespace wordmask::weights {

// A file written beside its destination (`<path>.tmp-<pid>`), flushed to disk and renamed by commit(); without commit()
// it is removed again. ERR_WORDMASK_IO names the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void commit();

 private:
  [[noreturn]] void fail_io(const char* doing) const;
  std::string path_;
  std::string beside_;
  int fd_;
};

}  // namespace wordmask::weights

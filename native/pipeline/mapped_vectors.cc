#include "pipeline/mapped_vectors.h"

#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace wordmask::pipeline {
namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 46;

struct Descriptor {
  int file;
  ~Descriptor() {
    if (file >= 0) ::close(file);
  }
  int release() { return std::exchange(file, -1); }
};

int64_t needed_bytes(const VectorLayout& layout) {
  const auto item = static_cast<int64_t>(c10::elementSize(layout.dtype));
  WM_CHECK(layout.rows >= 0 && layout.dim >= 1 && layout.offset >= 0 && layout.offset % item == 0 &&
               layout.offset <= kMaxBytes && layout.rows <= kMaxBytes / item / layout.dim,
           code::kInvalidArgument, "Expected rows >= 0, dim >= 1 and an offset that is a multiple of ", item,
           " bytes but received ", layout.rows, ", ", layout.dim, " and ", layout.offset);
  return layout.offset + layout.rows * layout.dim * item;
}

std::string expected(const VectorLayout& layout, int64_t bytes) {
  std::ostringstream text;
  text << bytes << " bytes (" << layout.rows << " rows of " << layout.dim << " " << layout.dtype << " from byte "
       << layout.offset << ")";
  return text.str();
}

}  // namespace

MappedVectorsPtr MappedVectors::open(const std::string& path, const VectorLayout& layout) {
  const int64_t needed = needed_bytes(layout);
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.file < 0) {
    const int reason = errno;
    const bool missing = reason == ENOENT || reason == ENOTDIR;
    fail(missing ? code::kFileNotFound : code::kIo, "Cannot open the vector file ", path, ": ", std::strerror(reason));
  }
  struct stat status {};
  WM_CHECK(::fstat(file.file, &status) == 0, code::kIo, "Cannot stat ", path, ": ", std::strerror(errno));
  WM_CHECK(S_ISREG(status.st_mode), code::kVectors, "Expected a vector file but ", path,
           S_ISDIR(status.st_mode) ? " is a folder" : " is not a regular file");
  WM_CHECK(status.st_size >= needed, code::kVectors, "Expected ", expected(layout, needed), " in the vector file ",
           path, " but it has ", status.st_size, ": write it anew");
  void* base = nullptr;
  if (layout.rows > 0) {
    base = ::mmap(nullptr, needed, PROT_READ, MAP_SHARED, file.file, 0);
    WM_CHECK(base != MAP_FAILED, code::kIo, "Cannot map ", path, " (", needed, " bytes): ", std::strerror(errno));
  }
  return MappedVectorsPtr(new MappedVectors(path, layout, file.release(), base, needed));
}

MappedVectors::MappedVectors(std::string path, const VectorLayout& layout, int file, void* base, size_t bytes)
    : path_(std::move(path)), layout_(layout), file_(file), base_(base), bytes_(bytes) {
  if (base_) guard_.emplace(base_, bytes_);
  static char nothing;
  void* first = base_ ? static_cast<char*>(base_) + layout.offset : &nothing;
  rows_ = at::from_blob(first, {layout.rows, layout.dim}, at::TensorOptions().dtype(layout.dtype));
}

MappedVectors::~MappedVectors() {
  rows_.reset();
  guard_.reset();  // before the addresses can belong to something else
  if (base_) ::munmap(base_, bytes_);
  ::close(file_);
}

void MappedVectors::check() const {
  struct stat status {};
  const bool whole = ::fstat(file_, &status) == 0 && status.st_size >= static_cast<int64_t>(bytes_);
  WM_CHECK(whole && !(guard_ && guard_->torn()), code::kVectors, "The vector file ", path_,
           " was cut short or could not be read while it was in use: ", expected(layout_, bytes_),
           " were there when it was opened, now it has ", status.st_size, ": write it anew and open it again");
}

void MappedVectors::fetch(int64_t first, int64_t count) const {
  first = std::min(first, layout_.rows);
  count = std::min(count, layout_.rows - first);
  if (count <= 0) return;
  static const auto page = static_cast<int64_t>(::sysconf(_SC_PAGESIZE));
  const int64_t begin = (layout_.offset + first * row_bytes()) / page * page;
  const int64_t end = layout_.offset + (first + count) * row_bytes();
  // An answer of no is no error: the pages are then read when they are touched.
  static_cast<void>(::madvise(static_cast<char*>(base_) + begin, end - begin, MADV_WILLNEED));
}

}  // namespace wordmask::pipeline

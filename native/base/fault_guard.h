#pragma once
#include <cstddef>

namespace wordmask {

// Memory of a mapped file whose loss is an error, not the end of the process. Reading a page that the file no longer
// has (it was cut off) or that the disk cannot give raises SIGBUS; within a guarded range zeros are mapped in place of
// that page and all behind it, the reader goes on, and torn() is true from then on. What was computed must be thrown
// away then. A fault anywhere else goes to the handler that was there before.
class FaultGuard {
 public:
  FaultGuard(const void* begin, size_t bytes);
  ~FaultGuard();
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;

  bool torn() const;

 private:
  struct FaultRange* range_;
};

}  // namespace wordmask

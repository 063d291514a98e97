#pragma once
#include <cstddef>

namespace wordmask {

// A tower asks for the same few large tensors in every layer and every pass. The C library gives blocks of that size
// back to the kernel, which hands out zeroed pages anew at each first touch: 26,000 faults a pass of ViT-B/16, batch 4.
// So blocks of at least kLeastKept that tensors on the CPU give up on a thread that computes are kept for the next
// tensor of about that size; the oldest go where all that are kept are more than kMostKept. What other threads give up
// (weights that are disposed, answers that are collected) goes back at once.
inline constexpr size_t kLeastKept = size_t{1} << 20, kMostKept = size_t{256} << 20;  // bytes

// Makes it LibTorch's allocator, for the life of the process. Call once LibTorch is loaded; later calls do nothing.
void keep_memory();

// This thread computes, while it lives.
class KeepsMemory {
 public:
  KeepsMemory();
  ~KeepsMemory();
  KeepsMemory(const KeepsMemory&) = delete;
  KeepsMemory& operator=(const KeepsMemory&) = delete;

 private:
  bool before_;
};

// Gives everything that is kept back to the kernel; Executor calls it where a device has had nothing to do for a while.
void release_kept_memory();

// Bytes that are kept now.
size_t kept_memory();

}  // namespace wordmask

// Memory of the tensors that kernels see: each allocation ends at a page that cannot be touched and begins behind
// another, so that reading or writing beyond it ends the process; the few bytes that alignment leaves in between hold a
// mark that is looked at when the memory is freed. New memory is NaN bits: what a kernel forgets to write is seen.
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace wordmask::emulator {

namespace {
constexpr size_t kAlignment = 64;
constexpr uint8_t kMark = 0xa5;

struct Block {
  char* base;    // of the page before
  size_t pages;  // bytes between the two pages that cannot be touched
  char* data;
  size_t bytes;
};

void release(void* context) {
  const auto* block = static_cast<Block*>(context);
  const char* end = block->base + getpagesize() + block->pages;
  for (const char* at = block->data + block->bytes; at < end; ++at) {
    if (static_cast<uint8_t>(*at) == kMark) continue;
    std::fprintf(stderr, "emulator: a kernel wrote %td bytes beyond a tensor of %zu\n", at - block->data, block->bytes);
    std::abort();
  }
  munmap(block->base, block->pages + 2 * getpagesize());
  delete block;
}

struct GuardedAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    const size_t page = getpagesize(), room = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    const size_t pages = (room + page - 1) / page * page;
    auto* base = static_cast<char*>(
        mmap(nullptr, pages + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (base == MAP_FAILED || (pages > 0 && mprotect(base + page, pages, PROT_READ | PROT_WRITE) != 0)) {
      std::perror("emulator: no memory");
      std::abort();
    }
    char* data = base + page + pages - room;
    std::memset(data, 0xff, bytes);
    std::memset(data + bytes, kMark, room - bytes);
    return {data, new Block{base, pages, data, bytes}, &release, c10::Device(c10::kCPU)};
  }
  void copy_data(void* to, const void* from, size_t count) const override { std::memcpy(to, from, count); }
};

GuardedAllocator allocator;
[[maybe_unused]] const bool installed = (c10::SetCPUAllocator(&allocator, /*priority=*/255), true);
}  // namespace

}  // namespace wordmask::emulator

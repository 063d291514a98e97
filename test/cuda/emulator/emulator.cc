#include "emulator.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

// Where the __shared__ variables of this library lie, from the linker; null where no kernel has any.
extern "C" __attribute__((weak, visibility("hidden"))) char __start_wordmask_shared_memory,
    __stop_wordmask_shared_memory;

namespace wordmask::emulator {

dim3 thread_index, block_index, block_size, grid_size;

namespace {
constexpr int kWarp = 32;
constexpr size_t kStack = size_t{1} << 17;

enum class Wait { kNone, kBlock, kWarp, kLeft };

struct Fiber {
  std::vector<char> stack = std::vector<char>(kStack);
  jmp_buf place;
  Wait wait = Wait::kNone;
  unsigned line = 0;  // of the barrier it waits at
  bool begun = false;
  dim3 index;
  uint64_t slots[2];  // what it offers to its warp; of two shuffles in a row each has its own
  int shuffles = 0;
};

std::vector<Fiber> fibers;
std::vector<size_t> turns;  // the threads of a block, in the order in which they run next
size_t current = 0;
jmp_buf scheduler;
const std::function<void()>* body = nullptr;

std::mt19937& chance() {
  static const char* seed = std::getenv("WORDMASK_EMULATOR_SEED");
  static std::mt19937 engine(seed != nullptr ? std::atoi(seed) : 1);
  return engine;
}

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "emulator: block %u: %s\n", block_index.x, what);
  std::abort();
}

void begin() {
  (*body)();
  fibers[current].wait = Wait::kLeft;
  _longjmp(scheduler, 1);
}

// To the scheduler, which comes back when what is waited for has happened.
void yield(Wait wait) {
  fibers[current].wait = wait;
  if (_setjmp(fibers[current].place) == 0) _longjmp(scheduler, 1);
}

void resume(size_t number) {
  current = number;
  Fiber& fiber = fibers[number];
  thread_index = fiber.index;
  if (_setjmp(scheduler) != 0) return;
  if (fiber.begun) _longjmp(fiber.place, 1);
  fiber.begun = true;
  static ucontext_t context;
  getcontext(&context);
  context.uc_stack = {fiber.stack.data(), 0, fiber.stack.size()};
  context.uc_link = nullptr;
  makecontext(&context, begin, 0);
  setcontext(&context);
}

// Lets threads [from, to) go on when all of them wait for the same. Whether they did.
bool release(size_t from, size_t to, Wait wait) {
  for (size_t i = from; i < to; ++i)
    if (fibers[i].wait != wait) return false;
  for (size_t i = from; i < to; ++i) {
    if (wait == Wait::kBlock && fibers[i].line != fibers[from].line) stop("threads wait at different __syncthreads");
    fibers[i].wait = Wait::kNone;
  }
  return true;
}

void run_block(size_t threads) {
  if (&__start_wordmask_shared_memory != nullptr)
    std::memset(&__start_wordmask_shared_memory, 0xff,
                &__stop_wordmask_shared_memory - &__start_wordmask_shared_memory);
  for (size_t left = 0; left < threads;) {
    std::shuffle(turns.begin(), turns.end(), chance());
    for (const size_t i : turns)
      if (fibers[i].wait == Wait::kNone) resume(i);
    bool released = release(0, threads, Wait::kBlock);
    for (size_t i = 0; i < threads; i += kWarp) released |= release(i, std::min(i + kWarp, threads), Wait::kWarp);
    left = std::ranges::count(fibers.begin(), fibers.begin() + static_cast<std::ptrdiff_t>(threads), Wait::kLeft,
                              &Fiber::wait);
    if (!released && left < threads) stop("threads wait for others that never come");
  }
}
}  // namespace

void barrier(unsigned line) {
  fibers[current].line = line;
  yield(Wait::kBlock);
}

uint64_t exchange(uint64_t bits, int offset) {
  Fiber& own = fibers[current];
  const int slot = own.shuffles++ % 2;
  own.slots[slot] = bits;
  const size_t lane = current % kWarp, other = current - lane + (lane ^ offset);
  yield(Wait::kWarp);
  return fibers[other].slots[slot];
}

void run(dim3 grid, dim3 block, const std::function<void()>& kernel) {
  const size_t threads = size_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || threads % kWarp != 0) stop("a block needs 32 to 1024 threads, in whole warps");
  if (fibers.size() < threads) fibers.resize(threads);
  turns.resize(threads);
  std::iota(turns.begin(), turns.end(), size_t{0});
  body = &kernel;
  grid_size = grid, block_size = block;
  std::vector<unsigned> blocks(size_t{grid.x} * grid.y * grid.z);
  std::iota(blocks.begin(), blocks.end(), 0u);
  std::shuffle(blocks.begin(), blocks.end(), chance());
  for (const unsigned i : blocks) {
    block_index = dim3(i % grid.x, i / grid.x % grid.y, i / grid.x / grid.y);
    for (unsigned t = 0; t < threads; ++t) {
      fibers[t].wait = Wait::kNone, fibers[t].begun = false, fibers[t].shuffles = 0;
      fibers[t].index = dim3(t % block.x, t / block.x % block.y, t / block.x / block.y);
    }
    run_block(threads);
  }
}

}  // namespace wordmask::emulator

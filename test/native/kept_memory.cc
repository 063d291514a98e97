// What freed tensors leave behind, seen from tensors.
#include "base/kept_memory.h"

#include <ATen/ops/empty.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "base/system.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

at::Tensor block(int64_t bytes) { return at::empty({bytes}, at::kByte); }

Napi::Value kept(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(kept_memory()));
}

// keptReuses(first, second): whether a tensor of `second` bytes lies where one of `first` bytes lay, of nothing else.
Napi::Value reuses(const Napi::CallbackInfo& info) {
  const KeepsMemory here;
  release_kept_memory();
  const int64_t first = Argument(info[0], "first").integer(1, int64_t{1} << 30);
  const int64_t second = Argument(info[1], "second").integer(1, int64_t{1} << 30);
  auto one = block(first);
  const auto* place = one.const_data_ptr();
  one.reset();
  const size_t before = kept_memory();
  const auto two = block(second);
  return Napi::Boolean::New(info.Env(), two.const_data_ptr() == place && kept_memory() < before);
}

// keptAfter(count, bytes, computes): kept after a thread that computes, or not, gave up `count` tensors at once.
Napi::Value after(const Napi::CallbackInfo& info) {
  std::optional<KeepsMemory> here;
  if (Argument(info[2], "computes").boolean()) here.emplace();
  release_kept_memory();
  {
    std::vector<at::Tensor> all;
    for (int64_t i = 0; i < Argument(info[0], "count").integer(1, 1000); ++i)
      all.push_back(block(Argument(info[1], "bytes").integer(1, int64_t{1} << 30)));
  }
  return kept(info);
}

Napi::Value release(const Napi::CallbackInfo& info) {
  release_kept_memory();
  return kept(info);
}

// keptClashes(threads, rounds): how often a tensor was not what its thread had written into it.
Napi::Value clashes(const Napi::CallbackInfo& info) {
  const auto count = Argument(info[0], "threads").integer(1, 16);
  const auto rounds = Argument(info[1], "rounds").integer(1, 10000);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int64_t id = 0; id < count; ++id) {
    threads.emplace_back([&, id] {
      const KeepsMemory here;
      std::mt19937 random(static_cast<uint32_t>(id));
      std::vector<at::Tensor> held(4);
      for (int64_t round = 0; round < rounds; ++round) {
        auto& tensor = held[random() % held.size()];
        if (tensor.defined()) {
          const auto* data = tensor.const_data_ptr<uint8_t>();
          wrong += data[0] != id || data[tensor.numel() - 1] != id;
        }
        if (round % 97 == 0) release_kept_memory();
        tensor = block(1000 + static_cast<int64_t>(random() % (4u << 20)));
        auto* data = tensor.mutable_data_ptr<uint8_t>();
        data[0] = data[tensor.numel() - 1] = static_cast<uint8_t>(id);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return Napi::Number::New(info.Env(), wrong.load());
}

// Share of whole pages within `blocks` that are in memory.
double resident(const std::vector<uint8_t*>& blocks, size_t bytes) {
  constexpr size_t kPage = 4096;
  size_t pages = 0, present = 0;
  for (const uint8_t* block : blocks) {
    const auto begin = (reinterpret_cast<uintptr_t>(block) / kPage + 2) * kPage;
    std::vector<unsigned char> in((reinterpret_cast<uintptr_t>(block) + bytes - begin) / kPage - 1);
    if (mincore(reinterpret_cast<void*>(begin), in.size() * kPage, in.data()) != 0) continue;
    pages += in.size();
    for (const unsigned char page : in) present += page & 1;
  }
  return pages == 0 ? -1 : static_cast<double>(present) / static_cast<double>(pages);
}

// freeMemory(): how much of what a thread has freed between blocks in use is in memory, before and after
// return_free_memory.
Napi::Value free_memory(const Napi::CallbackInfo& info) {
  constexpr size_t kBytes = 64 << 10;
  double before = 0, after = 0;
  std::thread([&] {
    std::vector<uint8_t*> held, freed;
    for (int i = 0; i < 1000; ++i) {
      auto* block = static_cast<uint8_t*>(std::malloc(kBytes));
      std::fill_n(block, kBytes, uint8_t{1});
      (i % 2 == 0 ? held : freed).push_back(block);
    }
    for (uint8_t* block : freed) std::free(block);
    before = resident(freed, kBytes);
    return_free_memory();
    after = resident(freed, kBytes);
    for (uint8_t* block : held) std::free(block);
  }).join();
  Napi::Array both = Napi::Array::New(info.Env(), 2);
  both[0u] = Napi::Number::New(info.Env(), before);
  both[1u] = Napi::Number::New(info.Env(), after);
  return both;
}

}  // namespace

void define_kept_memory(Napi::Env, Napi::Object exports) {
  define<kept>(exports, "keptMemory");
  define<reuses>(exports, "keptReuses");
  define<after>(exports, "keptAfter");
  define<release>(exports, "keptRelease");
  define<clashes>(exports, "keptClashes");
  define<free_memory>(exports, "freeMemory");
}

}  // namespace wordmask::testing

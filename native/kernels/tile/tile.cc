#include "kernels/tile/tile.h"

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace wordmask::kernels {

namespace {

std::atomic<const TileKernels*>& chosen() {
  static std::atomic<const TileKernels*> kernels{nullptr};
  return kernels;
}

// What this machine runs, the widest last.
std::vector<const TileKernels*> runnable() {
  std::vector<const TileKernels*> kernels{&kBaseTile};
#ifdef WORDMASK_TILE_X86
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
    kernels.push_back(&kAvx2Tile);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      kernels.push_back(&kAvx512Tile);
      if (__builtin_cpu_supports("avx512bf16")) kernels.push_back(&kAvx512Bfloat16Tile);
    }
  }
#endif
  return kernels;
}

const TileKernels* widest() {
  const char* given = std::getenv("ATEN_CPU_CAPABILITY");
  const std::string_view limit = given ? given : "";
  const TileKernels* best = &kBaseTile;
  for (const auto* kernels : runnable()) {
    const std::string_view name = kernels->name;
    if (name != "base" && (limit == "default" || (limit == "avx2" && name != "avx2"))) break;
    best = kernels;
  }
  return best;
}

}  // namespace

const TileKernels& tile_kernels() {
  const auto* kernels = chosen().load(std::memory_order_acquire);
  if (!kernels) chosen().store(kernels = widest(), std::memory_order_release);
  return *kernels;
}

bool limit_tile_kernels(const char* name) {
  if (!name) {
    chosen().store(nullptr, std::memory_order_release);
    return true;
  }
  for (const auto* kernels : runnable()) {
    if (std::string_view(kernels->name) != name) continue;
    chosen().store(kernels, std::memory_order_release);
    return true;
  }
  return false;
}

}  // namespace wordmask::kernels

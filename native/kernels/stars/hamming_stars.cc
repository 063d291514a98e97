#include "kernels/stars/hamming_stars.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "kernels/stars/bands.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WORDMASK_CLONES __attribute__((target_clones("popcnt", "default")))
#else
#define WORDMASK_CLONES
#endif

namespace wordmask::kernels {

namespace {
constexpr int64_t kReported = 4096;  // rows between two looks at the token

// Entries of a run of hashes that differ from `hash` in at most `most` bits.
WORDMASK_CLONES int64_t find_near(uint64_t hash, int most, const uint64_t* hashes, int64_t count, int32_t* found) {
  constexpr int64_t kTogether = 64;
  int64_t hits = 0;
  for (int64_t begin = 0; begin < count; begin += kTogether) {
    const int64_t size = std::min(kTogether, count - begin);
    uint64_t differ[kTogether];
    uint64_t any = 0;
    for (int64_t i = 0; i < size; ++i) {
      differ[i] = std::popcount(hashes[begin + i] ^ hash);
      any |= differ[i] <= static_cast<uint64_t>(most);
    }
    if (!any) continue;
    for (int64_t i = 0; i < size; ++i)
      if (differ[i] <= static_cast<uint64_t>(most)) found[hits++] = static_cast<int32_t>(begin + i);
  }
  return hits;
}
}  // namespace

HammingStars hamming_stars(const at::Tensor& given, int64_t most, const StarOrder& how, const Cancel& cancel,
                           const Progress& progress) {
  WM_CHECK(given.dim() == 1 && given.scalar_type() == at::kLong, code::kInvalidArgument,
           "Expected hashes [n] of 64 bits but received ", given.scalar_type(), " ", given.sizes());
  WM_CHECK(most >= 0 && most <= 64, code::kInvalidArgument,
           "Expected between 0 and 64 bits for maxHamming but received ", most);
  const auto hashes = given.contiguous();
  const auto order = visiting_order(hashes.size(0), how);
  HammingStars stars{at::full({hashes.size(0)}, -1, at::kInt), at::full({hashes.size(0)}, 255, at::kByte)};
  if (order.empty()) return stars;
  const auto* values = reinterpret_cast<const uint64_t*>(hashes.const_data_ptr<int64_t>());
  auto* centre_of = stars.centres.mutable_data_ptr<int32_t>();
  auto* distance_of = stars.distances.mutable_data_ptr<uint8_t>();

  std::vector<uint64_t> visited;
  for (const int32_t row : order) visited.push_back(values[row]);
  std::vector<HashBand> bands;
  for (const BandBits& bits : bands_of(most, static_cast<int64_t>(order.size()))) bands.emplace_back(bits, visited);
  std::vector<int32_t> found(order.size());
  const auto total = static_cast<double>(order.size());
  for (int32_t place = 0; place < static_cast<int32_t>(order.size()); ++place) {
    if (place % kReported == 0) {
      if (cancel) cancel->check();
      if (progress) progress(place, total);
    }
    const int32_t row = order[place];
    if (centre_of[row] >= 0) continue;
    centre_of[row] = row, distance_of[row] = 0;
    const uint64_t hash = visited[place];
    for (HashBand& band : bands) {
      const auto run = band.behind(hash, place);
      const int64_t hits = find_near(hash, static_cast<int>(most), run.hashes, run.count, found.data());
      for (int64_t i = 0; i < hits; ++i) {
        const int32_t other = order[run.places[found[i]]];
        if (centre_of[other] >= 0) continue;
        centre_of[other] = row;
        distance_of[other] = static_cast<uint8_t>(std::popcount(values[other] ^ hash));
        for (HashBand& each : bands) each.taken(values[other]);
      }
      band.tidy(hash, [&](int32_t at) { return centre_of[order[at]] >= 0; });
    }
  }
  if (progress) progress(total, total);
  return stars;
}

}  // namespace wordmask::kernels

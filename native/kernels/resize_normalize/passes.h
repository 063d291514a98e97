#pragma once
#include <cstdint>

#include "kernels/resize_normalize/taps.h"

// The two passes of a resize on bytes. A pixel has three bytes before and four between and after them, of which the
// last says nothing. Each pass exists twice, with equal answers: for AVX2, chosen where the machine has it, and in
// plain C++.
namespace wordmask::kernels::resize {

constexpr int64_t kChannels = 4;
constexpr int64_t kRowsTogether = 4;  // rows resized across at once: they share the loads of their weights
constexpr int64_t kOverread = 16;     // bytes beyond a row and its taps that a pass may read
constexpr int64_t kBytesTogether = 16;

inline int64_t padded(int64_t bytes) { return (bytes + kBytesTogether - 1) / kBytesTogether * kBytesTogether; }

// kRowsTogether rows of pixels, `pitch` bytes apart and beginning with column taps.begin, each to its row of `out`.
void across(const uint8_t* rows, int64_t pitch, const Taps& taps, uint8_t* const* out);
void across_plain(const uint8_t* rows, int64_t pitch, const Taps& taps, uint8_t* const* out);

// `length` rows of `bytes` bytes, a multiple of kBytesTogether, weighted and summed to one row.
void down(const uint8_t* const* rows, const int32_t* weight, int64_t length, int64_t bytes, uint8_t* out);
void down_plain(const uint8_t* const* rows, const int32_t* weight, int64_t length, int64_t bytes, uint8_t* out);

}  // namespace wordmask::kernels::resize

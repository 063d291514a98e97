#pragma once
#include "kernels/dense_crf/lattice.h"
#include "kernels/label_blocks/label_blocks.h"

// The passes of the filter over rows of one block of labels, and the softmax over all blocks. Compiled for AVX2 and
// for the plainest machine; both give the same bits.
namespace wordmask::kernels::crf {

constexpr float kNoLabel = -1e30f;  // logit of a lane beyond the last label: its softmax is 0

// A filter's answer on its way to the pixels.
struct Message {
  const Lattice* lattice;
  const float* values;  // [points + 1, width of the block]
  float gain;
};

struct RowPasses {
  // values[i] = sum of given * in[pixel] for points [begin, end)
  void (*splat)(const Lattice& lattice, const float* in, float* values, int64_t begin, int64_t end);
  // to[i] = from[i] + (from[a] + from[b]) / 2 over the neighbours a, b along axis j
  void (*blur)(const Lattice& lattice, int j, const float* from, float* to, int64_t begin, int64_t end);
  // block = unary + sum of gain * slice of each message, for pixels [begin, end); unary is a row of `labels` floats
  void (*slice)(const Message* messages, size_t count, const float* unary, int64_t labels, const LabelBlock& block,
                int64_t begin, int64_t end);
};

// For blocks of so many vectors, 1 .. LabelBlock::kMostVectors.
const RowPasses& row_passes(int vectors);

// Over the labels of each of pixels [begin, end).
void softmax_rows(const LabelBlocks& blocks, int64_t begin, int64_t end);

}  // namespace wordmask::kernels::crf

// Bound: 4.5 in FLOPs a number of the result where tiles are whole, a quarter of the sum's own 18 in, at the rate of a
// matrix product. What moves stays in the second cache, but for weights, which are read once for every kTiles tiles.
// On two cores with AVX-512 3x3 convolutions of RN50x16 take 0.4 of oneDNN's time.
#include "kernels/packed_conv/winograd.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "kernels/packed_conv/winograd_tile.h"

namespace wordmask::kernels::winograd {

namespace {
// When it is worth while, by trial on two cores of a Xeon with AVX-512, of AVX2 and of SSE alone: from 16 tiles on,
// which pay for transforming the weights, and where tiles do not mostly lie outside of the picture (10x10 has 2.8 times
// fewer products, 6x6 2.2, dilation 12 on 32x32 1.8 and loses). With fewer channels it is faster still, but rounds more
// than the plain sum, which is short then: the two of 48 channels at the beginning of RN50x16 add a third to the error
// of the whole tower, all others nothing.
constexpr int64_t kLeastChannels = 64, kLeastTiles = 16, kLeastGain = 2;

// Of a task, at most; what it keeps, some 6 MiB a thread, is mostly the pixels.
constexpr int64_t kTiles = 64, kPixels = int64_t{1} << 20;

using simd::Eight;
using Four = float __attribute__((vector_size(16)));
using Convolve = void (*)(const Task&, const ScratchSizes&, const Scratch&);

WORDMASK_TARGET_AVX512 void wide48(const Task& task, const ScratchSizes& sizes, const Scratch& scratch) {
  convolve<Floats, 8, 3>(task, sizes, scratch);
}
WORDMASK_TARGET_AVX512 void wide64(const Task& task, const ScratchSizes& sizes, const Scratch& scratch) {
  convolve<Floats, 6, 4>(task, sizes, scratch);
}
WORDMASK_TARGET_AVX512 void wide80(const Task& task, const ScratchSizes& sizes, const Scratch& scratch) {
  convolve<Floats, 5, 5>(task, sizes, scratch);
}
WORDMASK_TARGET_AVX2 void narrow(const Task& task, const ScratchSizes& sizes, const Scratch& scratch) {
  convolve<Eight, 6, 2>(task, sizes, scratch);
}
void plain(const Task& task, const ScratchSizes& sizes, const Scratch& scratch) {
  convolve<Four, 6, 2>(task, sizes, scratch);
}

// Into chunks of so many tiles, and those into parts of so many panels where there are too few for all threads.
struct Division {
  int64_t chunks, tiles, parts, panels;
};

int64_t panel_of(int64_t out) { return out % 48 == 0 ? 48 : out % 64 == 0 ? 64 : out % 80 == 0 ? 80 : 0; }

Division divide(const Shape& s) {
  const int64_t threads = at::get_num_threads(), tiles = s.tiles(), panels = s.out / s.panel;
  const int64_t most = std::clamp<int64_t>(kPixels / (kPositions * s.in), 8, kTiles);
  int64_t chunks = quotient(tiles, most), parts = 1;
  if (chunks >= threads) {
    chunks = round_up(chunks, threads);
  } else {
    parts = std::min(panels, quotient(threads, chunks));
  }
  const int64_t each = quotient(tiles, chunks);
  return {quotient(tiles, each), each, parts, quotient(panels, parts)};
}
}  // namespace

bool suits(const at::Tensor& weight, const ConvOptions& options, at::IntArrayRef input) {
  if (weight.scalar_type() != at::kFloat || weight.size(2) != 3 || weight.size(3) != 3 || options.stride != 1 ||
      options.padding != options.dilation || options.groups != 1 || options.ceiling != 0 || input.size() != 4)
    return false;
  const Shape s{input[0],         weight.size(1),          input[2], input[3], weight.size(0),
                options.dilation, panel_of(weight.size(0))};
  const int64_t tiles = s.tiles(), sums = 9 * s.b * s.h * s.w, products = kPositions * tiles;
  return s.panel > 0 && s.in >= kLeastChannels && tiles >= kLeastTiles && sums >= kLeastGain * products;
}

at::Tensor pack(const at::Tensor& weight) {
  const int64_t out = weight.size(0), in = weight.size(1), panel = panel_of(out);
  return weight.reshape({out / panel, panel, in, 9}).permute({0, 2, 3, 1}).contiguous();
}

at::Tensor unpack(const at::Tensor& packed) {
  c10::InferenceMode normal(false);
  at::NoGradGuard no_grad;
  return packed.permute({0, 3, 1, 2}).reshape({out_channels(packed), packed.size(1), 3, 3}).clone();
}

at::Tensor conv(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const at::Tensor& given_other,
                const ConvOptions& options) {
  const auto other = given_other.defined() ? given_other.contiguous(at::MemoryFormat::ChannelsLast) : given_other;
  const Shape s{x.size(0), x.size(1), x.size(2), x.size(3), out_channels(packed), options.dilation, packed.size(3)};
  auto y = at::empty({s.b, s.out, s.h, s.w}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  if (y.numel() == 0) return y;
  const auto convolve = simd::isa() == simd::Isa::kAvx512 ? (s.panel == 48   ? wide48
                                                             : s.panel == 64 ? wide64
                                                                             : wide80)
                        : simd::isa() == simd::Isa::kAvx2 ? narrow
                                                          : plain;
  const auto division = divide(s);
  const int64_t tiles = s.tiles(), panels = s.out / s.panel;
  const ScratchSizes sizes(s, division.tiles);
  const auto scratch = at::empty({at::get_num_threads(), sizes.total()}, x.options());
  const auto pointer = [](const at::Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; };
  const float *from = pointer(x), *weight = pointer(packed), *biases = pointer(bias), *others = pointer(other);
  float *to = y.mutable_data_ptr<float>(), *memory = scratch.mutable_data_ptr<float>();
  at::parallel_for(0, division.chunks * division.parts, 1, [&](int64_t begin, int64_t end) {
    Scratch own{};
    own.pixels = memory + at::get_thread_num() * sizes.total();
    own.weights = own.pixels + sizes.pixels;
    own.sums = own.weights + sizes.weights;
    own.zeros = own.sums + sizes.sums;
    std::fill_n(own.zeros, sizes.zeros, 0.0F);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t tile = i / division.parts * division.tiles, panel = i % division.parts * division.panels;
      if (panel >= panels) continue;
      const Task task{&s,
                      from,
                      weight,
                      biases,
                      others,
                      to,
                      options.relu,
                      tile,
                      std::min(division.tiles, tiles - tile),
                      panel,
                      std::min(division.panels, panels - panel)};
      convolve(task, sizes, own);
    }
  });
  return y;
}

}  // namespace wordmask::kernels::winograd

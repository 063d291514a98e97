// Bound: a row of the result reads three of the input, which are in the cache for all but the first: reads and writes
// of what is there once. Taps beyond the picture are left out, not multiplied by zeros: of a dilation as wide as the
// picture one in nine is left.
#include "kernels/light_conv/depthwise.h"

#include <algorithm>
#include <array>

namespace wordmask::kernels::light {

namespace {
using simd::Floats;
using simd::kLanes;
// Numbers of a row that are walked 16 channels at a time: so few that their pages are at hand the next time.
constexpr int64_t kTogether = 1 << 13;

// Places [begin, end) of the result along one axis at which taps [first, first + count) lie within the input.
struct Span {
  int64_t begin, end;
  int first, count;
};
struct Spans {
  std::array<Span, 7> list;
  int count = 0;
};

Spans spans_of(int64_t out, int64_t in, int64_t stride, int64_t padding, int64_t dilation) {
  const auto upwards = [stride](int64_t a) { return a > 0 ? (a + stride - 1) / stride : 0; };
  std::array<int64_t, 8> edges{0, out};
  for (int k = 0; k < 3; ++k) {
    edges[2 + 2 * k] = std::min(out, upwards(padding - k * dilation));
    edges[3 + 2 * k] = std::min(out, upwards(in + padding - k * dilation));
  }
  std::ranges::sort(edges);
  Spans spans;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    if (edges[i] == edges[i + 1]) continue;
    Span span{edges[i], edges[i + 1], 0, 0};
    for (int k = 0; k < 3; ++k) {
      const int64_t at = span.begin * stride - padding + k * dilation;
      if (at < 0 || at >= in) continue;
      if (span.count++ == 0) span.first = k;
    }
    spans.list[spans.count++] = span;
  }
  return spans;
}

// Some channels of some neighbours in a row of the result, with the taps that they have.
struct Piece {
  const float* x;        // of the first tap of the first pixel
  const float* weights;  // likewise
  const float* bias;
  float* result;
  int64_t pixels, channels;
  int64_t down, right, step;  // from tap to tap, and from pixel to pixel
};

template <class Vector, int rows, int columns>
WORDMASK_INLINE void piece(const Piece& given, const After& after) {
  const auto bias = load<Vector>(given.bias);
  Vector w[rows * columns + 1];
#pragma GCC unroll 9
  for (int k = 0; k < rows * columns; ++k)
    w[k] = load<Vector>(given.weights + (k / columns * 3 + k % columns) * given.channels);
  const float* x = given.x;
  float* to = given.result;
  for (int64_t i = 0; i < given.pixels; ++i, x += given.step, to += given.channels) {
    Vector sum = bias;
#pragma GCC unroll 9
    for (int k = 0; k < rows * columns; ++k)
      sum += w[k] * load<Vector>(x + k / columns * given.down + k % columns * given.right);
    store(to, applied(sum, after));
  }
}

template <class Vector, int rows>
WORDMASK_INLINE void piece(int columns, const Piece& given, const After& after) {
  if (columns == 3) return piece<Vector, rows, 3>(given, after);
  if (columns == 2) return piece<Vector, rows, 2>(given, after);
  if (columns == 1) return piece<Vector, rows, 1>(given, after);
  piece<Vector, 0, 0>(given, after);
}

// The channels from `first` on, as many as a Vector has.
template <class Vector>
WORDMASK_INLINE void part(Piece given, int64_t first, int rows, int columns, const After& after) {
  given.x += first, given.weights += first, given.bias += first, given.result += first;
  if (rows == 3) return piece<Vector, 3>(columns, given, after);
  if (rows == 2) return piece<Vector, 2>(columns, given, after);
  piece<Vector, 1>(rows * columns, given, after);
}

WORDMASK_INLINE void all_parts(const Piece& given, int rows, int columns, const After& after) {
  int64_t first = 0;
  for (; first + kLanes <= given.channels; first += kLanes) part<Floats>(given, first, rows, columns, after);
  if (first == given.channels) return;
  // The last channels once more with those before them: the same bits.
  if (first > 0) return part<Floats>(given, given.channels - kLanes, rows, columns, after);
  if (given.channels >= 8) part<Eight>(given, 0, rows, columns, after), first = 8;
  for (; first < given.channels; ++first) part<float>(given, first, rows, columns, after);
}

WORDMASK_INLINE void row(const Depthwise& layer, int64_t picture, int64_t y, const Span& down, const Spans& across) {
  const int64_t channels = layer.channels, pitch = layer.width * channels;
  const int64_t line = picture * layer.height + y * layer.stride - layer.padding + down.first * layer.dilation;
  const float* from = layer.x + line * pitch;
  float* to = layer.result + (picture * layer.rows + y) * layer.columns * channels;
  const int64_t together = kTogether / channels + 8;
  for (int i = 0; i < across.count; ++i) {
    const Span& span = across.list[i];
    for (int64_t begin = span.begin; begin < span.end; begin += together) {
      const int64_t column = begin * layer.stride - layer.padding + span.first * layer.dilation;
      const Piece given{from + column * channels,
                        layer.weights + (1 + down.first * 3 + span.first) * channels,
                        layer.weights,
                        to + begin * channels,
                        std::min(together, span.end - begin),
                        channels,
                        layer.dilation * pitch,
                        layer.dilation * channels,
                        layer.stride * channels};
      all_parts(given, down.count, span.count, layer.after);
    }
  }
}

WORDMASK_INLINE void run(const Depthwise& layer, const Spans& down, const Spans& across, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; ++r) {
    const int64_t y = r % layer.rows;
    int i = 0;
    while (y >= down.list[i].end) ++i;
    row(layer, r / layer.rows, y, down.list[i], across);
  }
}

WORDMASK_TARGET_AVX512 void run_avx512(const Depthwise& layer, const Spans& down, const Spans& across, int64_t begin,
                                       int64_t end) {
  run(layer, down, across, begin, end);
}
WORDMASK_TARGET_AVX2 void run_avx2(const Depthwise& layer, const Spans& down, const Spans& across, int64_t begin,
                                   int64_t end) {
  run(layer, down, across, begin, end);
}
void run_default(const Depthwise& layer, const Spans& down, const Spans& across, int64_t begin, int64_t end) {
  run(layer, down, across, begin, end);
}
}  // namespace

void depthwise(const Depthwise& layer, int64_t begin, int64_t end) {
  const auto rows = isa() == simd::Isa::kAvx512 ? run_avx512 : isa() == simd::Isa::kAvx2 ? run_avx2 : run_default;
  rows(layer, spans_of(layer.rows, layer.height, layer.stride, layer.padding, layer.dilation),
       spans_of(layer.columns, layer.width, layer.stride, layer.padding, layer.dilation), begin, end);
}

}  // namespace wordmask::kernels::light

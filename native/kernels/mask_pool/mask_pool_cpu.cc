// Bound: the masks are read once (K * H * W bytes or floats) and K * h * w * C multiply-adds made, which matmul does at
// the machine's rate. Upsampling the features instead would make H * W * C of them and K * H * W * C multiply-adds;
// shrinking the masks by a float composition first copies them to floats, four bytes a pixel written and read again.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/mask_pool/axis.h"

namespace wordmask::kernels {

namespace {
using mask_pool::Axis;

#if defined(__x86_64__)
#define WORDMASK_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WORDMASK_CLONES
#endif

// sum[x] += weight * line[x], once for every type a mask may have.
#define WORDMASK_ADD_LINE(Pixel, Number)                                                    \
  WORDMASK_CLONES void add_line(const Pixel* line, Number weight, int64_t n, Number* sum) { \
    for (int64_t x = 0; x < n; ++x) sum[x] += weight * static_cast<Number>(line[x]);        \
  }
WORDMASK_ADD_LINE(uint8_t, float)
WORDMASK_ADD_LINE(float, float)
WORDMASK_ADD_LINE(double, double)

// One mask: down its columns first, a line at a time, then across h lines instead of H.
template <class Pixel, class Number>
void weigh(const Pixel* mask, int64_t width, const Axis& rows, const Axis& columns, std::vector<Number>& line,
           Number* out) {
  for (size_t r = 0; r < rows.begin.size(); ++r) {
    std::ranges::fill(line, Number{0});
    for (int64_t y = rows.begin[r]; y < rows.end[r]; ++y) {
      add_line(mask + y * width, static_cast<Number>(rows.of(static_cast<int64_t>(r), y)), width, line.data());
    }
    for (size_t c = 0; c < columns.begin.size(); ++c) {
      double sum = 0;
      for (int64_t x = columns.begin[c]; x < columns.end[c]; ++x)
        sum += columns.of(static_cast<int64_t>(c), x) * static_cast<double>(line[x]);
      *out++ = static_cast<Number>(sum);
    }
  }
}

template <class Pixel, class Number>
at::Tensor weights_of(const at::Tensor& masks, const Axis& rows, const Axis& columns) {
  const auto h = static_cast<int64_t>(rows.begin.size()), w = static_cast<int64_t>(columns.begin.size());
  const int64_t n = masks.size(0), height = masks.size(1), width = masks.size(2);
  const at::Tensor result = at::empty({n, h, w}, std::is_same_v<Number, double> ? at::kDouble : at::kFloat);
  const auto* pixels = static_cast<const Pixel*>(masks.const_data_ptr());
  auto* out = result.mutable_data_ptr<Number>();
  at::parallel_for(0, n, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    std::vector<Number> line(width);
    for (int64_t k = begin; k < end; ++k)
      weigh(pixels + k * height * width, width, rows, columns, line, out + k * h * w);
  });
  return result;
}

at::Tensor mask_weights_cpu(const at::Tensor& given, int64_t h, int64_t w, double extent_h, double extent_w,
                            bool bilinear) {
  const auto masks = given.contiguous();
  const auto rows = mask_pool::axis(masks.size(1), h, extent_h, bilinear);
  const auto columns = mask_pool::axis(masks.size(2), w, extent_w, bilinear);
  switch (masks.scalar_type()) {
    case at::kFloat:
      return weights_of<float, float>(masks, rows, columns);
    case at::kDouble:
      return weights_of<double, double>(masks, rows, columns);
    default:  // bool is a byte of 0 or 1
      return weights_of<uint8_t, float>(masks, rows, columns);
  }
}

// The transpose: every pixel gathers from the cells that took of it.
template <class Number>
at::Tensor spread(const at::Tensor& gradient, int64_t height, int64_t width, const Axis& rows, const Axis& columns) {
  const int64_t n = gradient.size(0), h = gradient.size(1), w = gradient.size(2);
  const at::Tensor result = at::zeros({n, height, width}, gradient.options());
  const auto* cells = gradient.const_data_ptr<Number>();
  auto* out = result.mutable_data_ptr<Number>();
  at::parallel_for(0, n, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    std::vector<Number> line(width);
    for (int64_t k = begin; k < end; ++k) {
      for (int64_t r = 0; r < h; ++r) {
        std::ranges::fill(line, Number{0});
        for (int64_t c = 0; c < w; ++c) {
          for (int64_t x = columns.begin[c]; x < columns.end[c]; ++x)
            line[x] += static_cast<Number>(columns.of(c, x)) * cells[(k * h + r) * w + c];
        }
        for (int64_t y = rows.begin[r]; y < rows.end[r]; ++y)
          add_line(line.data(), static_cast<Number>(rows.of(r, y)), width, out + (k * height + y) * width);
      }
    }
  });
  return result;
}

at::Tensor mask_weights_backward_cpu(const at::Tensor& given, int64_t height, int64_t width, double extent_h,
                                     double extent_w, bool bilinear) {
  const auto gradient = given.contiguous();
  const auto rows = mask_pool::axis(height, gradient.size(1), extent_h, bilinear);
  const auto columns = mask_pool::axis(width, gradient.size(2), extent_w, bilinear);
  return gradient.scalar_type() == at::kDouble ? spread<double>(gradient, height, width, rows, columns)
                                               : spread<float>(gradient, height, width, rows, columns);
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) {
  m.impl("mask_weights", &mask_weights_cpu);
  m.impl("mask_weights_backward", &mask_weights_backward_cpu);
}

}  // namespace wordmask::kernels

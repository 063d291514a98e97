// Bound: reads stream and delta, writes stream and result: 4 x 4 bytes a number in float32, each once. As separate
// operators (add, layer_norm, conversion) the stream would pass through memory three more times.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <cmath>

#include "kernels/simd.h"

namespace wordmask::kernels {

namespace {
using simd::Floats;
using simd::kLanes;
constexpr int64_t kGrain = 1 << 14;  // numbers a thread takes at least

struct Norm {
  const float *gain, *bias;
  float eps, scale;
};

// The row after the addition; returns its sum.
template <class Delta>
WORDMASK_INLINE float add_row(float* row, const Delta* delta, float scale, int64_t width) {
  Floats total{};
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    const Floats sum = simd::load(row + i) + scale * simd::load(delta + i);
    simd::store(row + i, sum);
    total += sum;
  }
  if (i < width) {
    const Floats sum = simd::load(row + i, width - i) + scale * simd::load(delta + i, width - i);
    simd::store(row + i, sum, width - i);
    total += sum;
  }
  return simd::sum(total);
}

WORDMASK_INLINE float sum_row(const float* row, int64_t width) {
  Floats total{};
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) total += simd::load(row + i);
  if (i < width) total += simd::load(row + i, width - i);
  return simd::sum(total);
}

WORDMASK_INLINE float square_deviation(const float* row, float mean, int64_t width) {
  Floats total{};
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    const Floats centred = simd::load(row + i) - mean;
    total += centred * centred;
  }
  float rest = 0;
  for (; i < width; ++i) rest += (row[i] - mean) * (row[i] - mean);
  return simd::sum(total) + rest;
}

template <class Out>
WORDMASK_INLINE void norm_row(const float* row, float sum, const Norm& norm, int64_t width, Out* out) {
  const float mean = sum / static_cast<float>(width);
  const float variance = square_deviation(row, mean, width) / static_cast<float>(width);
  const float inverse = 1 / std::sqrt(variance + norm.eps);
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    const Floats unit = (simd::load(row + i) - mean) * inverse;
    simd::store(out + i, (unit * simd::load(norm.gain + i) + simd::load(norm.bias + i)) * norm.scale);
  }
  if (const auto n = width - i; n > 0) {
    const Floats unit = (simd::load(row + i, n) - mean) * inverse;
    simd::store(out + i, (unit * simd::load(norm.gain + i, n) + simd::load(norm.bias + i, n)) * norm.scale, n);
  }
}

// Rows [begin, end). Without `delta` nothing is added, without `out` nothing is normalised.
template <class Delta, class Out>
WORDMASK_INLINE void run_rows(float* stream, const Delta* delta, float scale, const Norm& norm, Out* out, int64_t width,
                              int64_t begin, int64_t end) {
  for (int64_t at = begin * width; at < end * width; at += width) {
    const float sum = delta ? add_row(stream + at, delta + at, scale, width) : sum_row(stream + at, width);
    if (out) norm_row(stream + at, sum, norm, width, out + at);
  }
}

#define WORDMASK_ROWS(name, target)                                                                           \
  template <class Delta, class Out>                                                                           \
  target void name(float* stream, const Delta* delta, float scale, const Norm& norm, Out* out, int64_t width, \
                   int64_t begin, int64_t end) {                                                              \
    run_rows(stream, delta, scale, norm, out, width, begin, end);                                             \
  }
WORDMASK_ROWS(rows_avx512, WORDMASK_TARGET_AVX512)
WORDMASK_ROWS(rows_avx2, WORDMASK_TARGET_AVX2)
WORDMASK_ROWS(rows_default, )

template <class Delta, class Out>
void run(at::Tensor& stream, const Delta* delta, double scale, const Norm& norm, Out* out) {
  const auto rows = simd::isa() == simd::Isa::kAvx512 ? rows_avx512<Delta, Out>
                    : simd::isa() == simd::Isa::kAvx2 ? rows_avx2<Delta, Out>
                                                      : rows_default<Delta, Out>;
  const auto width = stream.size(-1);
  auto* data = stream.mutable_data_ptr<float>();
  at::parallel_for(0, stream.numel() / width, std::max<int64_t>(1, kGrain / width), [&](int64_t begin, int64_t end) {
    rows(data, delta, static_cast<float>(scale), norm, out, width, begin, end);
  });
}

template <class Out>
void run(at::Tensor& stream, const at::Tensor& delta, double scale, const Norm& norm, Out* out) {
  if (delta.defined() && delta.scalar_type() == at::kBFloat16) {
    run(stream, delta.const_data_ptr<at::BFloat16>(), scale, norm, out);
  } else {
    run(stream, delta.defined() ? delta.const_data_ptr<float>() : nullptr, scale, norm, out);
  }
}

at::Tensor residual_norm_cpu(at::Tensor& stream, const std::optional<at::Tensor>& given, double delta_scale,
                             const at::Tensor& gain, const at::Tensor& bias, double eps, double scale,
                             at::ScalarType dtype) {
  const auto delta = given ? given->contiguous() : at::Tensor();
  const auto gains = gain.contiguous(), biases = bias.contiguous();
  const Norm norm{gains.const_data_ptr<float>(), biases.const_data_ptr<float>(), static_cast<float>(eps),
                  static_cast<float>(scale)};
  auto out = at::empty(stream.sizes(), stream.options().dtype(dtype));
  if (stream.numel() == 0) return out;
  if (dtype == at::kBFloat16) {
    run(stream, delta, delta_scale, norm, out.mutable_data_ptr<at::BFloat16>());
  } else {
    run(stream, delta, delta_scale, norm, out.mutable_data_ptr<float>());
  }
  return out;
}

void residual_add_cpu(at::Tensor& stream, const at::Tensor& delta, double scale) {
  if (stream.numel() > 0) run(stream, delta.contiguous(), scale, Norm{}, static_cast<float*>(nullptr));
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) {
  m.impl("residual_norm", &residual_norm_cpu);
  m.impl("residual_add", &residual_add_cpu);
}

}  // namespace wordmask::kernels

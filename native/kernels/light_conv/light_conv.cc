#include "kernels/light_conv/light_conv.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "kernels/light_conv/depthwise.h"
#include "kernels/light_conv/limit.h"
#include "kernels/light_conv/patches.h"
#include "kernels/light_conv/pointwise.h"
#include "kernels/packed_linear/packed_linear.h"

namespace wordmask::kernels {

namespace {
constexpr int64_t kLanes = simd::kLanes;
constexpr int64_t kTogether = 24;    // pixels of a piece of work: whole tiles
constexpr int64_t kGrain = 1 << 17;  // products a thread takes at least: some five microseconds

constexpr int64_t kFewChannels = 4;

enum class Kind { kNone, kPixel, kChannel, kPatch };

Kind kind_of(at::IntArrayRef sizes, const ConvOptions& options) {
  const bool three = sizes[2] == 3 && sizes[3] == 3, one = sizes[2] == 1 && sizes[3] == 1;
  if (three && sizes[1] == 1 && options.groups == sizes[0]) return Kind::kChannel;
  if (options.groups != 1) return Kind::kNone;
  if (three && sizes[1] <= kFewChannels) return Kind::kPatch;
  return one && options.stride == 1 && options.padding == 0 ? Kind::kPixel : Kind::kNone;
}

int64_t cells(int64_t size, const ConvOptions& options) {
  return (size + 2 * options.padding - 2 * options.dilation - 1) / options.stride + 1;
}

int64_t grain(int64_t products) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, products)); }

std::optional<simd::Isa>& chosen() {
  static std::optional<simd::Isa> isa;
  return isa;
}

light::After after_of(const ConvOptions& options) {
  const bool cut = options.ceiling > 0;
  return {options.relu, cut ? static_cast<float>(options.ceiling) : std::numeric_limits<float>::infinity()};
}

void run_pointwise(const light::Pointwise& layer, int64_t pixels) {
  const int64_t pieces = (pixels + kTogether - 1) / kTogether;
  at::parallel_for(0, pieces, grain(layer.in * layer.out * kTogether), [&](int64_t begin, int64_t end) {
    light::pointwise(layer, begin * kTogether, std::min(end * kTogether, pixels));
  });
}

void run_depthwise(const light::Depthwise& layer, int64_t pictures) {
  at::parallel_for(0, pictures * layer.rows, grain(layer.columns * layer.channels * 9),
                   [&](int64_t begin, int64_t end) { light::depthwise(layer, begin, end); });
}

// Some pixels' patches at a time, which stay in the first cache until they are multiplied.
void run_patches(const light::Patches& patches, const light::Pointwise& layer, int64_t pixels) {
  const int64_t pieces = (pixels + kTogether - 1) / kTogether;
  at::parallel_for(0, pieces, grain(layer.in * layer.out * kTogether), [&](int64_t begin, int64_t end) {
    std::vector<float> rows(kTogether * layer.in);
    auto part = layer;
    part.x = rows.data();
    for (int64_t i = begin * kTogether; i < std::min(end * kTogether, pixels); i += kTogether) {
      const int64_t count = std::min(kTogether, pixels - i);
      light::patches(patches, i, i + count, rows.data());
      part.result = layer.result + i * layer.out;
      light::pointwise(part, 0, count);
    }
  });
}
}  // namespace

simd::Isa light::isa() { return chosen().value_or(simd::isa()); }

bool light::limit_vectors(const char* name) {
  const std::string_view wanted = name ? name : "";
  const auto limit = wanted == "default" ? simd::Isa::kDefault
                     : wanted == "avx2"  ? simd::Isa::kAvx2
                                         : simd::Isa::kAvx512;
  if (name && limit > simd::isa()) return false;
  chosen() = name ? std::optional(limit) : std::nullopt;
  return true;
}

bool is_light(const at::Tensor& weight, const ConvOptions& options) {
  return weight.dim() == 4 && weight.numel() > 0 && weight.scalar_type() == at::kFloat &&
         can_pack(weight.device(), weight.scalar_type()) && kind_of(weight.sizes(), options) != Kind::kNone;
}

at::Tensor pack_light(const at::Tensor& weight, const at::Tensor& bias, const ConvOptions& options) {
  WM_CHECK(is_light(weight, options), code::kInternal, "Expected a weight that is_light but received ", weight.sizes());
  const int64_t out = weight.size(0), in = weight[0].numel();
  const auto shift = (bias.defined() ? bias : at::zeros({out}, weight.options())).view({1, out});
  const auto rows = at::cat({shift, weight.reshape({out, -1}).t()});  // the bias, then taps or inputs
  if (kind_of(weight.sizes(), options) == Kind::kChannel) return rows.contiguous();
  const int64_t panels = (out + kLanes - 1) / kLanes;
  const auto padded = at::zeros({in + 1, panels * kLanes}, weight.options());
  padded.narrow(1, 0, out).copy_(rows);
  return padded.view({in + 1, panels, kLanes}).transpose(0, 1).contiguous();
}

at::Tensor unpack_light(const at::Tensor& packed, at::IntArrayRef sizes) {
  const auto rows = packed.dim() == 2 ? packed : packed.transpose(0, 1).flatten(1);
  return rows.narrow(0, 1, rows.size(0) - 1).narrow(1, 0, sizes[0]).t().reshape(sizes).contiguous();
}

at::Tensor light_conv(const at::Tensor& given, const at::Tensor& packed, at::IntArrayRef sizes, const at::Tensor& other,
                      const ConvOptions& options) {
  constexpr auto kOrder = at::MemoryFormat::ChannelsLast;
  const auto kind = kind_of(sizes, options);
  WM_CHECK(given.dim() == 4 && given.size(1) == sizes[1] * options.groups && given.scalar_type() == at::kFloat &&
               kind != Kind::kNone,
           code::kInternal, "Expected float32 [b, ", sizes[1] * options.groups, ", H, W] but received ",
           given.scalar_type(), " ", given.sizes());
  const int64_t b = given.size(0), out = sizes[0], h = given.size(2), w = given.size(3);
  const int64_t rows = kind == Kind::kPixel ? h : cells(h, options),
                columns = kind == Kind::kPixel ? w : cells(w, options);
  WM_CHECK(rows > 0 && columns > 0, code::kInternal, "Expected pixels that the taps reach but received ",
           given.sizes());
  auto result = at::empty({b, out, rows, columns}, given.options().memory_format(kOrder));
  WM_CHECK(!other.defined() ||
               (kind == Kind::kPixel && other.sizes() == result.sizes() && other.scalar_type() == at::kFloat),
           code::kInternal, "Expected an addend float32 ", result.sizes(), " to a 1x1 convolution alone");
  const auto* weights = packed.const_data_ptr<float>();
  auto* to = result.mutable_data_ptr<float>();
  const auto [stride, padding, dilation] = std::array{options.stride, options.padding, options.dilation};
  if (kind == Kind::kPatch) {
    const auto step = given.strides();
    run_patches({given.const_data_ptr<float>(), step[0], step[1], step[2], step[3], sizes[1], h, w, rows, columns,
                 stride, padding, dilation},
                {nullptr, weights, nullptr, to, sizes[1] * 9, out, after_of(options)}, b * rows * columns);
    return result;
  }
  const auto x = given.contiguous(kOrder), addend = other.defined() ? other.contiguous(kOrder) : other;
  const auto* from = x.const_data_ptr<float>();
  if (kind == Kind::kChannel) {
    run_depthwise({from, weights, to, out, h, w, rows, columns, stride, padding, dilation, after_of(options)}, b);
  } else {
    const auto* added = addend.defined() ? addend.const_data_ptr<float>() : nullptr;
    run_pointwise({from, weights, added, to, sizes[1], out, after_of(options)}, b * h * w);
  }
  return result;
}

}  // namespace wordmask::kernels

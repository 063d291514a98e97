// The kernels of the packed CPU path beside the plain operators and their references; inputs are rounded to the dtype
// first, so that all three see the same numbers. Under InferenceMode, as their callers are.
#include <ATen/ATen.h>

#include "kernels/attention/attention.h"
#include "kernels/attention/attention_ref.h"
#include "kernels/packed_conv/packed_conv.h"
#include "kernels/packed_conv/packed_conv_ref.h"
#include "kernels/packed_conv/winograd.h"
#include "kernels/packed_linear/packed_linear.h"
#include "kernels/packed_linear/packed_linear_ref.h"
#include "kernels/residual_norm/residual_norm.h"
#include "kernels/residual_norm/residual_norm_ref.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

at::ScalarType read_dtype(const Argument& argument) {
  return argument.one_of({"float32", "bfloat16"}) == "float32" ? at::kFloat : at::kBFloat16;
}

Napi::Value floats(Napi::Env env, const at::Tensor& tensor) {
  const auto plain = tensor.to(at::kFloat).contiguous();
  auto result = Napi::Float32Array::New(env, plain.numel());
  std::copy_n(plain.const_data_ptr<float>(), plain.numel(), result.Data());
  return result;
}

kernels::Fused read_fused(const Argument& argument) {
  const auto name = argument.one_of({"none", "gelu", "swish"});
  return name == "gelu" ? kernels::Fused::kGelu : name == "swish" ? kernels::Fused::kSwish : kernels::Fused::kNone;
}

// packedLinear(x, weight, bias, fused, dtype) -> { ours, plain, exact, unpacked: same bits after a round trip }
Napi::Value packed_linear_kernel(const Napi::CallbackInfo& info) {
  c10::InferenceMode guard;
  const auto dtype = read_dtype({info[4], "dtype"});
  const auto x = read_tensor({info[0], "x"}).to(dtype), weight = read_tensor({info[1], "weight"}).to(dtype),
             bias = read_tensor({info[2], "bias"}).to(dtype);
  const auto fused = read_fused({info[3], "fused"});
  const auto packed = kernels::pack_linear(weight);
  auto plain = at::linear(x, weight, bias);
  if (fused == kernels::Fused::kGelu) plain = at::gelu(plain);
  if (fused == kernels::Fused::kSwish) plain = at::silu(plain);
  auto result = Napi::Object::New(info.Env());
  result["ours"] = floats(info.Env(), kernels::packed_linear(x, packed, bias, fused));
  result["plain"] = floats(info.Env(), plain);
  result["exact"] = doubles(info.Env(), wordmask_ref::packed_linear(numbers(x), numbers(weight), numbers(bias), fused));
  result["unpacked"] = Napi::Boolean::New(info.Env(), at::equal(kernels::unpack_linear(packed), weight));
  return result;
}

// packedConv(x [b, in, h, w], weight [out, in / groups, k, k], bias | undefined, other | undefined, { stride, padding,
// relu, dilation, groups, ceiling, dtype, winograd?: this form whatever suits }) -> { ours, plain, exact, unpacked,
// winograd: that it was the form }
Napi::Value packed_conv_kernel(const Napi::CallbackInfo& info) {
  c10::InferenceMode guard;
  const Argument options(info[4], "options");
  const auto dtype = read_dtype(options["dtype"]);
  const auto optional = [&](const Argument& given) {
    return given.given() ? read_tensor(given).to(dtype) : at::Tensor();
  };
  const auto x = read_tensor({info[0], "x"}).to(dtype), weight = read_tensor({info[1], "weight"}).to(dtype),
             bias = optional({info[2], "bias"}), other = optional({info[3], "other"});
  const kernels::ConvOptions conv{options["stride"].integer(1, 8),    options["padding"].integer(0, 64),
                                  options["relu"].boolean(),          options["dilation"].integer(1, 64),
                                  options["groups"].integer(1, 4096), options["ceiling"].number(0, 1e6)};
  const bool forced = options["winograd"].given() && options["winograd"].boolean();
  const auto packed = forced ? kernels::winograd::pack(weight) : kernels::pack_conv(weight, conv, x.sizes());
  auto plain = at::conv2d(x, weight, bias, {conv.stride, conv.stride}, {conv.padding, conv.padding},
                          {conv.dilation, conv.dilation}, conv.groups);
  if (other.defined()) plain = plain + other;
  if (conv.relu) plain = conv.ceiling > 0 ? plain.clamp(0, conv.ceiling) : plain.relu();
  const wordmask_ref::ConvSizes sizes{x.size(0),      x.size(1),   x.size(2),    x.size(3),     weight.size(0),
                                      weight.size(2), conv.stride, conv.padding, conv.dilation, conv.groups};
  auto result = Napi::Object::New(info.Env());
  result["ours"] = floats(info.Env(), kernels::packed_conv(x, packed, bias, other, conv));
  result["plain"] = floats(info.Env(), plain);
  const auto values = [](const at::Tensor& given) { return given.defined() ? numbers(given) : std::vector<double>(); };
  result["exact"] = doubles(info.Env(), wordmask_ref::packed_conv(numbers(x), numbers(weight), values(bias),
                                                                  values(other), conv.relu, conv.ceiling, sizes));
  result["unpacked"] = Napi::Boolean::New(info.Env(), at::equal(kernels::unpack_conv(packed), weight));
  result["winograd"] = Napi::Boolean::New(info.Env(), !packed.is_mkldnn());
  return result;
}

// winogradSuits(input [b, in, h, w], out, { stride, padding, dilation, groups, ceiling, kernel, dtype }): boolean
Napi::Value winograd_suits(const Napi::CallbackInfo& info) {
  const Argument input(info[0], "input"), options(info[2], "options");
  std::vector<int64_t> sizes;
  for (uint32_t i = 0; i < 4; ++i) sizes.push_back(input.at(i).integer(0, 1 << 20));
  const kernels::ConvOptions conv{options["stride"].integer(1, 8),
                                  options["padding"].integer(0, 64),
                                  /*relu=*/true,
                                  options["dilation"].integer(1, 64),
                                  options["groups"].integer(1, 4096),
                                  options["ceiling"].number(0, 1e6)};
  const auto kernel = options["kernel"].integer(1, 7);
  const auto weight = at::empty({Argument(info[1], "out").integer(1, 4096), sizes[1] / conv.groups, kernel, kernel},
                                read_dtype(options["dtype"]));
  return Napi::Boolean::New(info.Env(), kernels::winograd::suits(weight, conv, sizes));
}

// packedOutside(): a packed product without InferenceMode, which throws.
Napi::Value packed_outside(const Napi::CallbackInfo& info) {
  const auto weight = at::ones({4, 4});
  at::Tensor packed;
  {
    c10::InferenceMode guard;
    packed = kernels::pack_linear(weight);
  }
  WM_CHECK(!kernels::can_pack(at::kCPU, at::kFloat), code::kInternal, "Expected nothing to pack here");
  kernels::packed_linear(weight, packed, {});
  return info.Env().Undefined();
}

// attentionKernel(qkv [b, n, 3 * width], queries, heads, { causal, lengths?, dtype, strided }) -> { ours, plain, exact
// } The first `queries` tokens ask; strided: q, k and v are views of the one product.
Napi::Value attention_kernel(const Napi::CallbackInfo& info) {
  c10::InferenceMode guard;
  const Argument options(info[3], "options");
  const auto dtype = read_dtype(options["dtype"]);
  const bool causal = options["causal"].boolean(), strided = options["strided"].boolean();
  const auto heads = Argument(info[2], "heads").integer(1, 64);
  const auto parts = read_tensor({info[0], "qkv"}).to(dtype).chunk(3, -1);
  const auto part = [&](const at::Tensor& x) { return strided ? x : x.contiguous(); };
  const auto q = part(parts[0].narrow(1, 0, Argument(info[1], "queries").integer(0, 1 << 20))), k = part(parts[1]),
             v = part(parts[2]);
  const auto b = q.size(0), m = q.size(1), n = k.size(1), width = q.size(2);
  at::Tensor lengths;
  std::vector<int64_t> counts;
  if (const auto given = options["lengths"]; given.given()) {
    for (uint32_t i = 0; i < given.length(); ++i) counts.push_back(given.at(i).integer(1, n));
    lengths = at::tensor(counts, at::kLong);
  }
  std::optional<at::Tensor> mask;
  if (lengths.defined()) mask = (at::arange(n).unsqueeze(0) < lengths.unsqueeze(1)).view({b, 1, 1, n});
  const auto split = [&](const at::Tensor& x) {
    return x.reshape({b, x.size(1), heads, width / heads}).transpose(1, 2);
  };
  const auto plain =
      m > 0 ? at::scaled_dot_product_attention(split(q), split(k), split(v), mask, 0.0, causal) : split(q);
  auto result = Napi::Object::New(info.Env());
  result["ours"] = floats(info.Env(), kernels::attention(q, k, v, {heads, causal, lengths}));
  result["plain"] = floats(info.Env(), plain.transpose(1, 2));
  result["exact"] = doubles(info.Env(), wordmask_ref::attention(numbers(q), numbers(k), numbers(v), counts,
                                                                {b, m, n, heads, width / heads, causal}));
  return result;
}

// residualNorm(stream, delta | undefined, gain, bias, { deltaScale, scale, eps, dtype, deltaDtype })
//   -> { stream, normed, plain, exactStream, exact }
Napi::Value residual_norm_kernel(const Napi::CallbackInfo& info) {
  c10::InferenceMode guard;
  const Argument options(info[4], "options"), given(info[1], "delta");
  const auto number = [&](const char* key) { return options[key].number(-1e6, 1e6); };
  auto stream = read_tensor({info[0], "stream"});
  const auto before = stream.clone();
  const auto delta = given.given() ? testing::read_tensor(given).to(read_dtype(options["deltaDtype"])) : at::Tensor();
  const auto gain = read_tensor({info[2], "gain"}), bias = read_tensor({info[3], "bias"});
  const auto dtype = read_dtype(options["dtype"]);
  const auto normed =
      kernels::residual_norm(stream, delta, number("deltaScale"), gain, bias, {number("eps"), number("scale"), dtype});
  auto sum = before;
  if (delta.defined()) sum = before + number("deltaScale") * delta.to(at::kFloat);
  const auto plain = (at::layer_norm(sum, {gain.size(0)}, gain, bias, number("eps")) * number("scale")).to(dtype);
  const auto exact =
      wordmask_ref::residual_norm(numbers(before), delta.defined() ? numbers(delta) : std::vector<double>(),
                                  number("deltaScale"), numbers(gain), numbers(bias), number("eps"), number("scale"));
  auto only_added = before.clone();
  if (delta.defined()) kernels::residual_add(only_added, delta, number("deltaScale"));
  auto result = Napi::Object::New(info.Env());
  result["stream"] = floats(info.Env(), stream);
  result["added"] = floats(info.Env(), only_added);
  result["normed"] = floats(info.Env(), normed);
  result["plain"] = floats(info.Env(), plain);
  result["exactStream"] = doubles(info.Env(), exact.stream);
  result["exact"] = doubles(info.Env(), exact.normed);
  return result;
}

}  // namespace

void define_packed(Napi::Env, Napi::Object exports) {
  define<packed_linear_kernel>(exports, "packedLinear");
  define<packed_conv_kernel>(exports, "packedConv");
  define<winograd_suits>(exports, "winogradSuits");
  define<packed_outside>(exports, "packedOutside");
  define<attention_kernel>(exports, "attentionKernel");
  define<residual_norm_kernel>(exports, "residualNorm");
}

}  // namespace wordmask::testing

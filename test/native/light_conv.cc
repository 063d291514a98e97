// light_conv beside the plain operators and the reference of packed_conv, whose formula it has.
#include "kernels/light_conv/light_conv.h"

#include <ATen/ATen.h>

#include "kernels/light_conv/limit.h"
#include "kernels/packed_conv/packed_conv_ref.h"
#include "light_conv.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

Napi::Float32Array floats(Napi::Env env, const at::Tensor& tensor) {
  const auto plain = tensor.contiguous();
  auto result = Napi::Float32Array::New(env, plain.numel());
  std::copy_n(plain.const_data_ptr<float>(), plain.numel(), result.Data());
  return result;
}

struct Limited {
  explicit Limited(const std::string& name) : runs(kernels::light::limit_vectors(name.c_str())) {}
  ~Limited() { kernels::light::limit_vectors(nullptr); }
  bool runs;
};

// lightConv(x [b, in, h, w], weight [out, in / groups, k, k], bias | undefined, other | undefined, { stride, padding,
// relu, dilation, groups, ceiling, isa }) -> { ours, plain, exact, unpacked, light }, or undefined where this machine
// has no such vectors. Where the weight is not light only that is said.
Napi::Value light_conv_kernel(const Napi::CallbackInfo& info) {
  c10::InferenceMode guard;
  const Argument options(info[4], "options");
  const auto optional = [](const Argument& given) { return given.given() ? read_tensor(given) : at::Tensor(); };
  const auto x = read_tensor({info[0], "x"}), weight = read_tensor({info[1], "weight"}),
             bias = optional({info[2], "bias"}), other = optional({info[3], "other"});
  const kernels::ConvOptions conv{options["stride"].integer(1, 8),    options["padding"].integer(0, 64),
                                  options["relu"].boolean(),          options["dilation"].integer(1, 64),
                                  options["groups"].integer(1, 4096), options["ceiling"].number(0, 1e6)};
  auto result = Napi::Object::New(info.Env());
  const bool light = kernels::is_light(weight, conv);
  result["light"] = Napi::Boolean::New(info.Env(), light);
  if (!light) return result;
  const Limited limited(options["isa"].one_of({"default", "avx2", "avx512"}));
  if (!limited.runs) return info.Env().Undefined();
  const auto packed = kernels::pack_light(weight, bias, conv);
  const auto ours = kernels::light_conv(x, packed, weight.sizes(), other, conv);
  auto plain = at::conv2d(x, weight, bias, {conv.stride, conv.stride}, {conv.padding, conv.padding},
                          {conv.dilation, conv.dilation}, conv.groups);
  if (other.defined()) plain = plain + other;
  if (conv.relu) plain = conv.ceiling > 0 ? plain.clamp(0, conv.ceiling) : plain.relu();
  const wordmask_ref::ConvSizes sizes{x.size(0),      x.size(1),   x.size(2),    x.size(3),     weight.size(0),
                                      weight.size(2), conv.stride, conv.padding, conv.dilation, conv.groups};
  const auto values = [](const at::Tensor& given) { return given.defined() ? numbers(given) : std::vector<double>(); };
  result["ours"] = floats(info.Env(), ours);
  result["plain"] = floats(info.Env(), plain);
  result["exact"] = doubles(info.Env(), wordmask_ref::packed_conv(numbers(x), numbers(weight), values(bias),
                                                                  values(other), conv.relu, conv.ceiling, sizes));
  result["unpacked"] = Napi::Boolean::New(info.Env(), at::equal(kernels::unpack_light(packed, weight.sizes()), weight));
  return result;
}

}  // namespace

void define_light_conv(Napi::Env, Napi::Object exports) { define<light_conv_kernel>(exports, "lightConv"); }

}  // namespace wordmask::testing

#include <ATen/ops/conv2d.h>

#include "check/bench.h"
#include "kernels/packed_conv/onednn.h"

namespace wordmask::check {
namespace {

// ReLU(conv(x) + bias), k x k with the padding that keeps the sides.
Prepared prepare(const Parameters& parameters, bool plain) {
  const auto b = parameters.integer("images"), side = parameters.integer("side"), in = parameters.integer("channels"),
             out = parameters.integer("out"), k = parameters.integer("kernel"),
             dilation = parameters.integer("dilation");
  const auto dtype = parameters.dtype("dtype");
  const auto x = uniform({b, in, side, side}, 1, dtype).contiguous(at::MemoryFormat::ChannelsLast),
             weight = uniform({out, in, k, k}, 2, dtype), bias = uniform({out}, 3, dtype);
  kernels::ConvOptions options;
  options.padding = (k - 1) / 2 * dilation;
  options.relu = true;
  options.dilation = dilation;
  const auto packed = kernels::pack_conv(weight, options, x.sizes());
  Prepared prepared;
  prepared.ours = [=] { return kernels::packed_conv(x, packed, bias, {}, options); };
  const auto pixels = static_cast<double>(b * side * side), weights = static_cast<double>(out * in * k * k);
  prepared.bytes = (pixels * static_cast<double>(in + out) + weights) * static_cast<double>(x.element_size());
  prepared.flops = 2 * pixels * weights;
  if (!plain) return prepared;
  const auto direct = kernels::onednn::pack(weight, options, x.sizes());
  const auto last = weight.contiguous(at::MemoryFormat::ChannelsLast);
  prepared.plain =
      fastest({{"conv2d and relu, channels last",
                [=] {
                  const auto pad = options.padding;
                  return at::conv2d(x, last, bias, {1, 1}, {pad, pad}, {dilation, dilation}).relu_();
                }},
               {"oneDNN, packed, ReLU fused", [=] { return kernels::onednn::conv(x, direct, bias, {}, options); }}},
              prepared.note);
  return prepared;
}

const BenchOp kPackedConv{"packed_conv",
                          {{"images", "4"},
                           {"side", "20"},
                           {"channels", "384"},
                           {"out", "384"},
                           {"kernel", "3"},
                           {"dilation", "1"},
                           {"dtype", "float32"}},
                          // The 3x3 convolutions of RN50x16 at 320x320 and of ResNet-50's last stage, dilated.
                          {{},
                           {{"side", "80"}, {"channels", "96"}, {"out", "96"}},
                           {{"side", "40"}, {"channels", "192"}, {"out", "192"}},
                           {{"side", "10"}, {"channels", "768"}, {"out", "768"}},
                           {{"images", "1"}, {"side", "32"}, {"channels", "512"}, {"out", "512"}, {"dilation", "2"}},
                           {{"channels", "1536"}, {"kernel", "1"}}},
                          prepare};

}  // namespace
}  // namespace wordmask::check

#include <torch/nn.h>
#include <torch/optim/adam.h>

#include "testing.h"

namespace wordmask::testing {
namespace {

// recoNet(features [n, h, w, C], labels [n, h, w], tests [m, h, w, C], { classes, seed, steps }) -> Float64Array
// [m h w]: what a small net says of the tests after its steps on the labels (methods/reco.md 8: 3x3 convolution to 64,
// ReLU, 1x1; Adam, rate 5e-3, weight decay 2e-4, batches of 8).
Napi::Value reco_net(const Napi::CallbackInfo &info) {
  const auto features = read_tensor({info[0], "features"}).permute({0, 3, 1, 2}).contiguous();
  const auto labels = read_tensor({info[1], "labels"}).to(at::kLong);
  const auto tests = read_tensor({info[2], "tests"}).permute({0, 3, 1, 2}).contiguous();
  const Argument options(info[3], "options");
  torch::manual_seed(options["seed"].integer(0, 1 << 30));
  torch::nn::Sequential net(torch::nn::Conv2d(torch::nn::Conv2dOptions(features.size(1), 64, 3).padding(1)),
                            torch::nn::ReLU(),
                            torch::nn::Conv2d(torch::nn::Conv2dOptions(64, options["classes"].integer(2, 1000), 1)));
  torch::optim::Adam adam(net->parameters(), torch::optim::AdamOptions(5e-3).weight_decay(2e-4));
  constexpr int kBatch = 8;
  const auto steps = options["steps"].integer(1, 1 << 20);
  for (int64_t step = 0; step < steps; ++step) {
    const auto batch = torch::randint(features.size(0), {kBatch}, at::kLong);
    adam.zero_grad();
    torch::nn::functional::cross_entropy(net->forward(features.index_select(0, batch)), labels.index_select(0, batch))
        .backward();
    adam.step();
  }
  torch::NoGradGuard guard;
  return doubles(info.Env(), net->forward(tests).argmax(1));
}

}  // namespace

void define_reco_net(Napi::Env, Napi::Object exports) { define<reco_net>(exports, "recoNet"); }

}  // namespace wordmask::testing

#include "models/aspp.h"

namespace wordmask::models {

AsppImpl::AsppImpl(int64_t in, int64_t out, const std::array<int64_t, 3>& rates)
    : atrous{SeparableConv(nullptr), SeparableConv(nullptr), SeparableConv(nullptr)},
      atrous_norms{BatchNorm(nullptr), BatchNorm(nullptr), BatchNorm(nullptr)} {
  const auto convs = register_module("convs", std::make_shared<Numbered>());
  point = convs->add(0, ConvNorm(in, out, 1));
  for (size_t i = 0; i < rates.size(); ++i) {
    const auto branch = convs->add(static_cast<int64_t>(i) + 1, std::make_shared<Numbered>());
    atrous[i] = branch->add(0, SeparableConv(in, out, rates[i]));
    atrous_norms[i] = branch->add(1, BatchNorm(out));
  }
  const auto pool = convs->add(4, std::make_shared<Numbered>());
  pooled = pool->add(1, Conv(in, out, 1));
  pooled_norm = pool->add(2, BatchNorm(out));
  project = register_module("project", ConvNorm(5 * out, out, 1));
}

at::Tensor AsppImpl::forward(const at::Tensor& x) {
  std::vector<at::Tensor> branches{point->relu(x)};
  for (size_t i = 0; i < atrous.size(); ++i) branches.push_back(atrous[i]->normed(x, *atrous_norms[i]));
  const auto mean = pooled->normed(at::adaptive_avg_pool2d(x, {1, 1}), *pooled_norm, /*relu=*/true);
  branches.push_back(mean.expand({-1, -1, x.size(2), x.size(3)}));
  const auto y = project->relu(at::cat(branches, 1));
  if (!is_training() || dropout == 0 || !dropout_draws) return y;
  const auto kept = at::empty_like(y).bernoulli_(1 - dropout, *dropout_draws);
  return y * kept.detach() / (1 - dropout);
}

}  // namespace wordmask::models

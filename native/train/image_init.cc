#include "train/image_init.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace wordmask::train {
namespace {

using at::Tensor;

constexpr double kPositionGain = 0.5;               // beside embedded patches, whose deviation is about .6
constexpr double kQueryKey = 0.7, kValueOut = 0.4;  // section 4 of the paper
constexpr double kLongestWave = 10000;

// Row y * side + x holds sin and cos of x and of y at width / 4 wavelengths each. -> [side * side, width]
Tensor wave_positions(int64_t side, int64_t width) {
  const auto at = at::arange(side, at::kFloat);
  const auto rates = at::pow(kLongestWave, -at::arange(width / 4, at::kFloat) / static_cast<double>(width / 4));
  const auto angles = at::outer(at, rates);
  const auto waves = at::cat({angles.sin(), angles.cos()}, 1);  // [side, width / 2]
  const auto half = width / 4 * 2;
  const auto across = waves.unsqueeze(0).expand({side, side, half}),
             down = waves.unsqueeze(1).expand({side, side, half});
  return at::cat({across, down}, 2).reshape({side * side, 2 * half});
}

// gain * (noise + sign * identity), as a product of two factors of the given rank: [width, rank] and [rank, width].
std::pair<Tensor, Tensor> near_identity(int64_t width, int64_t rank, double gain, double sign, at::Generator& random) {
  const auto noise = at::empty({width, width}, at::kFloat).normal_(0, 1 / std::sqrt(width), random);
  const auto [u, s, vh] = at::linalg_svd(gain * (noise + sign * at::eye(width, at::kFloat)), false);
  const auto root = s.narrow(0, 0, rank).sqrt();
  return {u.narrow(1, 0, rank) * root, root.unsqueeze(1) * vh.narrow(0, 0, rank)};
}

}  // namespace

void initialize_image_tower(const models::ClipConfig& config, uint64_t seed, ParameterStore& store) {
  const auto& vision = config.vision;
  const int64_t width = vision.width, side = vision.image_size / vision.patch_size, head = width / vision.heads;
  if (width % 4 == 0) {
    auto table = store.value(store.index("visual.positional_embedding"));
    table.narrow(0, 1, side * side).copy_(kPositionGain * wave_positions(side, width));
  }
  auto random = at::detail::createCPUGenerator(seed);
  for (int block = 0; block < vision.layers; ++block) {
    const auto prefix = "visual.transformer.resblocks." + std::to_string(block) + ".attn.";
    auto in = store.value(store.index(prefix + "in_proj_weight"));
    for (int64_t h = 0; h < vision.heads; ++h) {
      const auto [q, k] = near_identity(width, head, kQueryKey, 1, random);
      in.narrow(0, h * head, head).copy_(q.t());
      in.narrow(0, width + h * head, head).copy_(k);
    }
    const auto [out, v] = near_identity(width, width, kValueOut, -1, random);
    in.narrow(0, 2 * width, width).copy_(v);
    store.value(store.index(prefix + "out_proj.weight")).copy_(out);
  }
}

}  // namespace wordmask::train

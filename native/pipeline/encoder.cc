#include "pipeline/encoder.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/device.h"
#include "models/encoder.h"
#include "models/load.h"
#include "pipeline/preprocess.h"

namespace wordmask::pipeline {

namespace {
// Pixels of tower input in one pass, so that activations stay bounded.
constexpr int64_t kPixels = int64_t{8} * 512 * 512;
}  // namespace

Encoder::Encoder(models::EncoderConfig config, std::shared_ptr<models::EncoderTower> tower, c10::Device device,
                 at::ScalarType dtype)
    : config_(std::move(config)), tower_(std::move(tower)), device_(device), dtype_(dtype), pass_(device, dtype) {
  tower_->eval();
}

std::shared_ptr<Encoder> Encoder::load(const models::EncoderConfig& config, const std::vector<std::string>& files,
                                       const Compute& compute, const Cancel& cancel, const Progress& progress) {
  const auto device = parse_device(compute.device);
  const auto dtype = parse_dtype(compute.dtype, device);
  auto tower = models::make_encoder(config);
  const auto checkpoint = weights::open_checkpoint(files);
  models::load_weights(*tower, *checkpoint, models::encoder_keys(config),
                       {device, dtype, models::encoder_stays_float32}, cancel, progress);
  return std::shared_ptr<Encoder>(new Encoder(config, std::move(tower), device, dtype));
}

std::shared_ptr<Encoder> Encoder::random(const models::EncoderConfig& config, uint64_t seed, const Compute& compute) {
  const auto device = parse_device(compute.device);
  const auto dtype = parse_dtype(compute.dtype, device);
  auto tower = models::make_encoder(config);
  models::redraw(*tower, seed);
  models::convert(*tower, {device, dtype, models::encoder_stays_float32});
  return std::shared_ptr<Encoder>(new Encoder(config, std::move(tower), device, dtype));
}

ModelInfo Encoder::info() const { return model_info(*tower_, device_, dtype_); }

int64_t Encoder::cell() const { return tower_->cell(); }

int64_t Encoder::channels() const { return tower_->channels(); }

at::Tensor Encoder::features(const at::Tensor& pixels, const Cancel& cancel) {
  c10::InferenceMode guard;
  WM_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.numel() > 0, code::kInvalidArgument,
           "Expected pixels [n, 3, height, width] but received ", pixels.sizes());
  const int64_t n = pixels.size(0);
  const int64_t together = std::clamp<int64_t>(kPixels / (pixels.size(2) * pixels.size(3)), 1, n);
  const auto work = [this](const at::Tensor& there) { return tower_->features(there); };
  at::Tensor result;
  for (int64_t from = 0; from < n; from += together) {
    if (cancel) cancel->check();
    const auto count = std::min(together, n - from);
    const auto part = pass_(/*kind=*/0, pixels.narrow(0, from, count), work).contiguous();
    if (count == n) return part;
    if (!result.defined()) result = at::empty({n, part.size(1), part.size(2), part.size(3)}, at::kFloat);
    result.narrow(0, from, count).copy_(part);
  }
  return result;
}

at::Tensor Encoder::features(const ImageU8& image, int width, int height, const ResizeOptions& options,
                             const Cancel& cancel) {
  c10::InferenceMode guard;
  return features(resize(image, width, height, options).unsqueeze(0), cancel).squeeze(0);
}

}  // namespace wordmask::pipeline

// The towers on a device in each dtype, against the same weights in float64 on the CPU.
#include "models/clip.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <memory>

#include "check/cases/case.h"
#include "models/init.h"
#include "models/load.h"
#include "pipeline/tower_pass.h"

namespace wordmask::check {
namespace {

using models::ClipConfig;
using models::ClipImpl;

ClipConfig config(models::VisionConfig::Kind kind) {
  ClipConfig result;
  result.embed_dim = 32;
  result.vision.kind = kind;
  result.vision.heads = kind == models::VisionConfig::Kind::kVit ? 2 : 4;
  result.vision.image_size = 64;
  result.vision.width = kind == models::VisionConfig::Kind::kVit ? 64 : 8;
  result.vision.layers = 3;
  result.vision.mlp_width = 128;
  result.vision.stages = {1, 1, 1, 1};
  result.text = {16, 100, 64, 2, 2, 128, -1, {}};
  return result;
}

enum class Part { kImage, kDense, kText };

std::shared_ptr<ClipImpl> model(models::VisionConfig::Kind kind, c10::Device device, at::ScalarType dtype) {
  const auto clip = std::make_shared<ClipImpl>(config(kind));
  models::redraw(*clip, 7);
  models::LoadOptions options{device, dtype, {}};
  if (dtype != at::kDouble) options.stays_float32 = models::stays_float32;
  models::convert(*clip, options);
  clip->eval();
  return clip;
}

at::Tensor answer(models::VisionConfig::Kind kind, Part part, c10::Device device, at::ScalarType dtype) {
  const auto clip = model(kind, device, dtype);
  const c10::InferenceMode guard;
  const auto pixels = at::upsample_bicubic2d(uniform({3, 3, 7, 7}, 5) * 2, {64, 64}, /*align_corners=*/false);
  if (part == Part::kText) {
    return clip->encode_text(((uniform({4, 16}, 6) + 1) * 49).floor().to(at::kLong)).to(at::kCPU, at::kDouble);
  }
  const auto given = pixels.to(device, dtype == at::kDouble ? at::kDouble : at::kFloat);
  return (part == Part::kImage ? clip->encode_image(given) : clip->visual->dense(given)).to(at::kCPU, at::kDouble);
}

Verdict towers(models::VisionConfig::Kind kind, Part part, at::ScalarType dtype, c10::Device device) {
  const auto found = answer(kind, part, device, dtype), right = answer(kind, part, at::kCPU, at::kDouble);
  if (found.sizes() != right.sizes()) return INFINITY;
  const double error = (found - right).norm().item<double>() / right.norm().item<double>();
  return error / (dtype == at::kFloat ? 2e-5 : dtype == at::kHalf ? 1e-2 : 8e-2);
}

// Answers of passes as the pipeline makes them, the first plain and the last from a graph where there are such, against
// the same work without any of it. 48 x 80 pixels: positions are resized.
Verdict passes(models::VisionConfig::Kind kind, Part part, at::ScalarType dtype, c10::Device device) {
  const auto clip = model(kind, device, dtype);
  const c10::InferenceMode guard;
  const auto work = [&](const at::Tensor& pixels) {
    return part == Part::kImage ? clip->encode_image(pixels) : clip->visual->dense(pixels);
  };
  const auto pixels = [&](uint64_t i) {
    return part == Part::kImage ? uniform({3, 3, 64, 64}, i) : uniform({2, 3, 48, 80}, i);
  };
  pipeline::TowerPass pass(device, dtype);
  const uint64_t count = device.is_cuda() ? 9 : 2;  // three plain, one recorded
  std::vector<pipeline::TowerPass::Answers> under_way;
  for (uint64_t i = 0; i < count; ++i) under_way.push_back(pass.start(0, pixels(i), work));
  double worst = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const auto right = work(pixels(i).to(device)).to(at::kCPU, at::kDouble);
    const double error = (under_way[i].take() - right).norm().item<double>();
    worst = std::max(worst, error / right.norm().item<double>());
  }
  if (pass.graphs() != nullptr && pass.graphs()->counts().replayed == 0) return INFINITY;
  return worst / (dtype == at::kFloat ? 1e-6 : 1e-2);
}

std::vector<Case> cases() {
  constexpr auto kVit = models::VisionConfig::Kind::kVit, kResNet = models::VisionConfig::Kind::kResNet;
  std::vector<Case> table;
  const auto add = [&](const char* name, models::VisionConfig::Kind kind, Part part) {
    for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf})
      table.push_back({named("%s %s", name, c10::toString(dtype)),
                       [=](c10::Device device) { return towers(kind, part, dtype, device); }});
  };
  const auto add_passes = [&](const char* name, models::VisionConfig::Kind kind, Part part) {
    for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf})
      table.push_back({named("passes of %s %s", name, c10::toString(dtype)),
                       [=](c10::Device device) { return passes(kind, part, dtype, device); }});
  };
  add("ViT image", kVit, Part::kImage);
  add("ViT dense", kVit, Part::kDense);
  add("ResNet image", kResNet, Part::kImage);
  add("ResNet dense", kResNet, Part::kDense);
  add("text", kVit, Part::kText);
  add_passes("ViT image", kVit, Part::kImage);
  add_passes("ViT dense", kVit, Part::kDense);
  add_passes("ResNet image", kResNet, Part::kImage);
  add_passes("ResNet dense", kResNet, Part::kDense);
  return table;
}

const CaseTable kTable{"clip", cases};

}  // namespace
}  // namespace wordmask::check

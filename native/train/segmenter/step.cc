#include "train/segmenter/step.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>

#include "train/random.h"

namespace wordmask::train {

namespace {
constexpr uint64_t kDropoutStream = 0xd209;

// Convolutions in bfloat16, norms and sums in float32, until the end of the scope.
class Autocast {
 public:
  explicit Autocast(bool enabled) : enabled_(enabled) {
    if (!enabled_) return;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!enabled_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool enabled_;
};
}  // namespace

at::Tensor segmentation_loss(const at::Tensor& logits, const at::Tensor& labels) {
  const auto wide = at::upsample_bilinear2d(logits.to(at::kFloat), labels.sizes().slice(1), /*align_corners=*/false);
  const auto sum = at::cross_entropy_loss(wide, labels, {}, at::Reduction::Sum, kIgnored);
  return sum / std::max<double>(1, labels.ne(kIgnored).sum().item<double>());
}

StepResult training_step(models::DeepLabV3PlusImpl& model, Optimiser& optimiser, const TrainSegmenterOptions& o,
                         const TrainingBatch& batch, int64_t step) {
  if (batch.labels.eq(kIgnored).all().item<bool>()) return {};
  at::AutoGradMode grad(true);
  model.train();
  model.classifier->aspp->dropout_draws =
      at::make_generator<at::CPUGeneratorImpl>(Random(o.seed, kDropoutStream, static_cast<uint64_t>(step)).bits());
  at::Tensor logits;
  {
    Autocast autocast(o.bfloat16);
    logits = model.forward(batch.pixels);
  }
  const auto loss = segmentation_loss(logits, batch.labels);
  loss.backward();
  StepResult result;
  result.loss = loss.item<double>();
  result.gradient_norm = optimiser.update(step);
  return result;
}

void prepare(models::DeepLabV3PlusImpl& model, const TrainSegmenterOptions& o) {
  for (const auto& module : model.backbone->modules())
    if (auto* norm = module->as<models::BatchNormImpl>()) norm->momentum = o.backbone_norm_momentum;
  model.classifier->aspp->dropout = o.dropout;
}

}  // namespace wordmask::train

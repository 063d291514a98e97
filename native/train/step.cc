#include "train/step.h"

#include <ATen/ATen.h>

#include "train/clip_step.h"
#include "train/view_step.h"

namespace wordmask::train {

namespace {
constexpr int64_t kPrototypeCount = 256;
}

std::vector<ParameterSpec> parameters_of(const TrainClipOptions& options) {
  const bool views = options.objective == Objective::kViews;
  auto specs = clip_parameters(options.model, views ? kPrototypeCount : 0);
  for (auto& spec : specs)
    spec.frozen = (options.freeze_vision && spec.part == Part::kVision) ||
                  (options.freeze_text && spec.part == Part::kText) ||
                  (views && spec.part != Part::kVision && spec.name != kPrototypes);
  return specs;
}

std::unique_ptr<Step> make_step(const TrainClipOptions& options, const Source& source, ParameterStore& store,
                                WorkerPool& pool) {
  if (options.objective == Objective::kViews) return std::make_unique<ViewStep>(options, source, store, pool);
  return std::make_unique<ClipStep>(options, source, store, pool);
}

void draw_positions(Random& random, int grid, int table, int64_t* out) {
  const int top = random.below(table - grid + 1), left = random.below(table - grid + 1);
  for (int y = 0; y < grid; ++y)
    for (int x = 0; x < grid; ++x) *out++ = 1 + (top + y) * table + left + x;
}

void sum_gradients(WorkerPool& pool, ParameterStore& store, const std::vector<std::vector<at::Tensor>*>& workers) {
  pool.run([&](int worker) {
    c10::NoGradGuard no_grad;
    for (size_t i = worker; i < store.specs().size(); i += pool.size()) {
      auto out = store.view(store.gradient, i);
      out.zero_();
      for (auto* gradients : workers) {
        auto& gradient = (*gradients)[i];
        if (gradient.defined()) out.add_(gradient);
        gradient = at::Tensor();
      }
    }
  });
}

}  // namespace wordmask::train

#pragma once
#include <memory>
#include <vector>

#include "train/source.h"
#include "train/step.h"

namespace wordmask::train {

// Pictures against captions: each worker runs its slice through the towers, the losses see the whole batch (features of
// all slices gathered as leaves), each worker then carries its slice of their gradient back through its own graph. The
// sum over workers is taken in worker order, so the result depends on (batch, workers) alone.
class ClipStep : public Step {
 public:
  ClipStep(const TrainClipOptions& options, const Source& source, ParameterStore& store, WorkerPool& pool);
  ~ClipStep() override;
  StepOutput run(const StepInput& input) override;

 private:
  struct Worker;
  void losses(StepOutput& output);

  const TrainClipOptions& options_;
  const Source& source_;
  ParameterStore& store_;
  WorkerPool& pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace wordmask::train

#pragma once
#include <memory>
#include <vector>

#include "train/parameters.h"
#include "train/source.h"
#include "train/worker_pool.h"

namespace wordmask::train {

struct StepInput {
  int64_t first = 0;   // index of the first sample
  int batch_size = 0;  // a multiple of the workers
  int size = 0;        // side of the pictures
};

struct StepOutput {
  double loss = 0, loss_class = 0, loss_patch = 0, loss_claim = 0;
  double retrieval = 0;  // share of captions whose best picture of the batch shows everything they name
};

// One forward and backward pass over a batch, split over the workers: each runs its slice through the towers, the
// losses see the whole batch (features of all slices gathered as leaves), each worker then carries its slice of their
// gradient back through its own graph. The sum over workers is taken in worker order, so the result depends on (batch,
// workers) alone.
class ClipStep {
 public:
  ClipStep(const TrainClipOptions& options, const Source& source, ParameterStore& store, WorkerPool& pool);
  ~ClipStep();
  // Leaves the gradient in store.gradient.
  StepOutput run(const StepInput& input);

 private:
  struct Worker;
  void losses(StepOutput& output);
  void reduce(int worker);

  const TrainClipOptions& options_;
  const Source& source_;
  ParameterStore& store_;
  WorkerPool& pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace wordmask::train

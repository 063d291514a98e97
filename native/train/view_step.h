#pragma once
#include <memory>
#include <vector>

#include "train/source.h"
#include "train/step.h"

namespace wordmask::train {

// Pictures alone, no captions (self-supervised): two looks at each picture (views.h); what one look at a place is
// assigned to among the prototypes, the other must foretell (losses.h). Places are the patches, read on the value path
// as ClipStep's patch-level term reads them, and the picture as a whole (class token). The sum over workers is taken
// in worker order, so the result depends on (batch, workers) alone.
class ViewStep : public Step {
 public:
  ViewStep(const TrainClipOptions& options, const Source& source, ParameterStore& store, WorkerPool& pool);
  ~ViewStep() override;
  StepOutput run(const StepInput& input) override;

 private:
  struct Worker;
  double losses();

  const TrainClipOptions& options_;
  const Source& source_;
  ParameterStore& store_;
  WorkerPool& pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace wordmask::train

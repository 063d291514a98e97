#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "train/parameters.h"
#include "train/random.h"
#include "train/source.h"
#include "train/worker_pool.h"

namespace wordmask::train {

struct StepInput {
  int64_t first = 0;   // index of the first sample
  int batch_size = 0;  // a multiple of the workers
  int size = 0;        // side of the pictures
};

struct StepOutput {
  double loss = 0, loss_class = 0, loss_patch = 0, loss_claim = 0, loss_view = 0;
  double retrieval = 0;  // share of captions whose best picture of the batch shows everything they name
};

// One forward and backward pass over a batch, split over the workers.
class Step {
 public:
  virtual ~Step() = default;
  // Leaves the gradient in the store.
  virtual StepOutput run(const StepInput& input) = 0;
};

// What the objective trains of the model, with its own parameters; the rest is frozen.
std::vector<ParameterSpec> parameters_of(const TrainClipOptions& options);

// Of the objective; everything given must outlive it.
std::unique_ptr<Step> make_step(const TrainClipOptions& options, const Source& source, ParameterStore& store,
                                WorkerPool& pool);

// Rows of the position table (1 is the first patch) for a window of grid by grid of its table by table, drawn.
void draw_positions(Random& random, int grid, int table, int64_t* out);

// Gradients of the workers by parameter, undefined where one has none; summed in worker order into store.gradient and
// given up. On the pool.
void sum_gradients(WorkerPool& pool, ParameterStore& store, const std::vector<std::vector<at::Tensor>*>& workers);

}  // namespace wordmask::train

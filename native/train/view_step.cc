#include "train/view_step.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "train/losses.h"
#include "train/towers.h"
#include "train/views.h"

namespace wordmask::train {

using at::Tensor;

namespace {
constexpr uint64_t kViewStream = 0x51e3, kWindowStream = 0x317e;
}  // namespace

struct ViewStep::Worker {
  explicit Worker(const ParameterStore& store) : leaves(store.leaves(true)), gradients(store.specs().size()) {
    for (size_t i = 0; i < store.specs().size(); ++i)
      if (store.specs()[i].part == Part::kVision && !store.specs()[i].frozen) trained.push_back(i);
  }
  void load(const TrainClipOptions& options, const Source& source, int64_t from, int count, int size);
  void encode(const TrainClipOptions& options);
  void backward(const ParameterStore& store);

  Leaves leaves;
  std::vector<size_t> trained;
  Tensor patches, positions;  // of 2 n looks: the first at each picture, then the second
  Tensor shown;               // int64 [n, places]: the place of the first look that the second's shows
  Tensor first, second;       // [n * places, d] unit rows, those of the first look in the order of the second
  Tensor grad_first, grad_second;
  std::vector<Tensor> gradients;  // by parameter
};

void ViewStep::Worker::load(const TrainClipOptions& options, const Source& source, int64_t from, int count, int size) {
  const auto& vision = options.model.vision;
  const int patch = vision.patch_size, grid = size / patch, table = vision.image_size / patch, cells = grid * grid;
  patches = at::empty({2 * count, cells, 3 * patch * patch}, at::kFloat);
  positions = at::empty({2 * count, cells}, at::kLong);
  shown = at::full({count, cells + 1}, cells, at::kLong);  // the picture as a whole comes last
  const auto look = [&](int i) { return patches.mutable_data_ptr<float>() + i * patches.stride(0); };
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<uint64_t>(from + i);
    Random view(options.seed, kViewStream, index), window(options.seed, kWindowStream, index);
    draw_views(source.sample(index, size).image, patch, view, look(i), look(count + i),
               shown.mutable_data_ptr<int64_t>() + i * shown.stride(0));
    for (const int k : {i, count + i})
      draw_positions(window, grid, table, positions.mutable_data_ptr<int64_t>() + k * positions.stride(0));
  }
}

void ViewStep::Worker::encode(const TrainClipOptions& options) {
  c10::AutoGradMode mode(true);
  const auto features = image_tower(leaves, options.model, patches, positions, /*want_patches=*/true);
  const auto places = at::cat({features.patches, unit_rows(features.embedding).unsqueeze(1)}, 1);
  const int64_t n = shown.size(0), d = places.size(2);
  const auto order = shown.unsqueeze(2).expand({n, shown.size(1), d});
  first = places.narrow(0, 0, n).gather(1, order).reshape({-1, d});
  second = places.narrow(0, n, n).reshape({-1, d});
}

void ViewStep::Worker::backward(const ParameterStore& store) {
  torch::autograd::variable_list inputs;
  for (const size_t i : trained) inputs.push_back(leaves.at(store.specs()[i].name));
  const auto result = torch::autograd::grad({first, second}, inputs, {grad_first, grad_second}, false, false,
                                            /*allow_unused=*/true);
  for (size_t k = 0; k < trained.size(); ++k) gradients[trained[k]] = result[k];
}

ViewStep::ViewStep(const TrainClipOptions& options, const Source& source, ParameterStore& store, WorkerPool& pool)
    : options_(options), source_(source), store_(store), pool_(pool) {
  for (int i = 0; i < pool.size(); ++i) workers_.push_back(std::make_unique<Worker>(store));
}
ViewStep::~ViewStep() = default;

StepOutput ViewStep::run(const StepInput& input) {
  const int slice = input.batch_size / pool_.size();
  pool_.run([&](int w) {
    workers_[w]->load(options_, source_, input.first + w * slice, slice, input.size);
    workers_[w]->encode(options_);
  });
  StepOutput output;
  output.loss = output.loss_view = losses();
  pool_.run([&](int w) { workers_[w]->backward(store_); });
  std::vector<std::vector<Tensor>*> gradients;
  for (auto& worker : workers_) gradients.push_back(&worker->gradients);
  sum_gradients(pool_, store_, gradients);
  return output;
}

// Over the whole batch, on the calling thread; leaves each worker its slice of the gradient.
double ViewStep::losses() {
  c10::AutoGradMode mode(true);
  const auto gather = [&](auto member) {
    std::vector<Tensor> all;
    for (const auto& worker : workers_) all.push_back((*worker.*member).detach());
    return at::cat(all).set_requires_grad(true);
  };
  const auto first = gather(&Worker::first), second = gather(&Worker::second);
  const auto leaves = store_.leaves(true);
  const auto& prototypes = leaves.at(kPrototypes);
  const auto columns = unit_rows(prototypes).t();
  const auto loss = swapped_prediction_loss(first.mm(columns), second.mm(columns));
  const auto gradients = torch::autograd::grad({loss}, {first, second, prototypes});
  const int64_t slice = first.size(0) / pool_.size();
  for (int w = 0; w < pool_.size(); ++w) {
    workers_[w]->grad_first = gradients[0].narrow(0, w * slice, slice);
    workers_[w]->grad_second = gradients[1].narrow(0, w * slice, slice);
  }
  workers_[0]->gradients[store_.index(kPrototypes)] = gradients[2];
  return loss.item<double>();
}

}  // namespace wordmask::train

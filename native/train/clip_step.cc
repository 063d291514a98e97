#include "train/clip_step.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/augment.h"
#include "train/losses.h"
#include "train/towers.h"

namespace wordmask::train {

using at::Tensor;
using torch::autograd::variable_list;

namespace {

constexpr uint64_t kAugmentStream = 0xa06, kWindowStream = 0x317d;
constexpr int kTextGroups = 3;

Tensor leaf(const Tensor& x) { return x.detach().set_requires_grad(true); }

}  // namespace

struct ClipStep::Worker {
  Worker(const ParameterStore& store) : leaves(store.leaves(true)) {
    for (size_t i = 0; i < store.specs().size(); ++i) {
      const auto& spec = store.specs()[i];
      if (spec.frozen || spec.part == Part::kHead) continue;
      (spec.part == Part::kVision ? vision : text).push_back(i);
    }
    gradients.resize(store.specs().size());
  }

  using Rows = std::vector<std::vector<int64_t>>;
  void load(const TrainClipOptions& options, const Source& source, int64_t first, int count, int size);
  void encode(const TrainClipOptions& options, const Rows& patch_texts);
  void compare(const TrainClipOptions& options, const Tensor& texts, int64_t batch);
  void backward(const ParameterStore& store, const std::vector<size_t>& which, const variable_list& roots,
                const variable_list& root_gradients, const Tensor& extra = {});

  Leaves leaves;
  std::vector<size_t> vision, text;  // indices of the trained parameters
  std::vector<Sample> samples;
  Tensor patches, positions;
  Tensor image, text_class, text_patch;  // outputs of the towers, attached to their graphs
  Tensor image_patches;
  Tensor text_all;       // leaf: every text of the patch-level term
  Tensor pooled, claim;  // [slice, texts]; the slice's share of the batch's claim loss
  Tensor grad_pooled, grad_image, grad_text_all, grad_class;
  std::vector<Tensor> gradients;  // by parameter
};

void ClipStep::Worker::load(const TrainClipOptions& options, const Source& source, int64_t first, int count, int size) {
  const auto& vision_config = options.model.vision;
  const int patch = vision_config.patch_size, grid = size / patch, table = vision_config.image_size / patch;
  patches = at::empty({count, grid * grid, 3 * patch * patch}, at::kFloat);
  positions = at::empty({count, grid * grid}, at::kLong);
  samples.clear();
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<uint64_t>(first + i);
    samples.push_back(source.sample(index, size));
    Random augment(options.seed, kAugmentStream, index);
    picture_to_patches(samples.back().image, patch, &augment, patches.data_ptr<float>() + i * patches.stride(0));
    Random window(options.seed, kWindowStream, index);
    draw_positions(window, grid, table, positions.data_ptr<int64_t>() + i * positions.stride(0));
  }
}

void ClipStep::Worker::encode(const TrainClipOptions& options, const Rows& patch_texts) {
  {
    c10::AutoGradMode mode(!options.freeze_vision);
    auto features = image_tower(leaves, options.model, patches, positions, options.patch_loss > 0);
    image = features.embedding;
    image_patches = features.patches;
  }
  // Captions in groups of similar length, each cut to its longest.
  const size_t each = samples.front().captions.size(), n = samples.size() * each, total = n + patch_texts.size();
  const auto caption = [&](size_t i) -> const std::vector<int64_t>& {
    return i < n ? samples[i / each].captions[i % each].tokens : patch_texts[i - n];
  };
  std::vector<size_t> order(total);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return caption(a).size() < caption(b).size(); });
  c10::AutoGradMode mode(!options.freeze_text);
  std::vector<Tensor> parts;
  auto back = at::empty({static_cast<int64_t>(total)}, at::kLong);
  for (size_t begin = 0; begin < total;) {
    const size_t group = parts.size() + 1, end = std::max(begin + 1, total * group / kTextGroups);
    const auto length = static_cast<int64_t>(caption(order[end - 1]).size());
    auto rows = at::zeros({static_cast<int64_t>(end - begin), length}, at::kLong);
    auto ends = at::empty({static_cast<int64_t>(end - begin)}, at::kLong);
    for (size_t k = begin; k < end; ++k) {
      const auto& tokens = caption(order[k]);
      std::copy(tokens.begin(), tokens.end(), rows.data_ptr<int64_t>() + (k - begin) * length);
      ends.data_ptr<int64_t>()[k - begin] = static_cast<int64_t>(tokens.size()) - 1;
      back.data_ptr<int64_t>()[order[k]] = static_cast<int64_t>(k);
    }
    parts.push_back(text_tower(leaves, options.model, rows, ends));
    begin = end;
  }
  const auto all = at::cat(parts).index_select(0, back);
  text_class = all.narrow(0, 0, n);
  text_patch = patch_texts.empty() ? Tensor() : unit_rows(all.narrow(0, n, total - n));
}

// The slice's patches against the patch-level texts of the whole batch of `batch` pictures.
void ClipStep::Worker::compare(const TrainClipOptions& options, const Tensor& texts, int64_t batch) {
  text_all = leaf(texts);
  const auto similarity = patch_similarity(image_patches, text_all);
  pooled = pooled_similarity(similarity);
  if (options.claim_loss == 0) return;
  auto present = at::zeros({similarity.size(0), similarity.size(1)}, at::kBool);
  for (size_t i = 0; i < samples.size(); ++i)
    for (int64_t j = 0; j < present.size(1); ++j)
      present.data_ptr<bool>()[i * present.size(1) + j] = samples[i].present[j];
  const auto share = static_cast<double>(samples.size()) / static_cast<double>(batch);
  claim = claim_loss(similarity, present, leaves.at(kClaimLogitScale).exp()) * share;
}

void ClipStep::Worker::backward(const ParameterStore& store, const std::vector<size_t>& which,
                                const variable_list& roots, const variable_list& root_gradients, const Tensor& extra) {
  if (which.empty() && !extra.defined()) return;
  variable_list inputs;
  for (const size_t i : which) inputs.push_back(leaves.at(store.specs()[i].name));
  if (extra.defined()) inputs.push_back(extra);
  auto result = torch::autograd::grad(roots, inputs, root_gradients, false, false, /*allow_unused=*/true);
  for (size_t k = 0; k < which.size(); ++k) gradients[which[k]] = result[k];
  if (extra.defined()) grad_text_all = result.back();
}

ClipStep::ClipStep(const TrainClipOptions& options, const Source& source, ParameterStore& store, WorkerPool& pool)
    : options_(options), source_(source), store_(store), pool_(pool) {
  for (int i = 0; i < pool.size(); ++i) workers_.push_back(std::make_unique<Worker>(store));
}
ClipStep::~ClipStep() = default;

StepOutput ClipStep::run(const StepInput& input) {
  const bool patch_term = options_.patch_loss > 0;
  const int slice = input.batch_size / pool_.size();
  Worker::Rows names;
  if (patch_term && options_.soft_targets) names = source_.names(static_cast<uint64_t>(input.first));
  const auto begin = [&](int w) { return static_cast<int64_t>(names.size()) * w / pool_.size(); };
  pool_.run([&](int w) {
    auto& worker = *workers_[w];
    worker.load(options_, source_, input.first + w * slice, slice, input.size);
    Worker::Rows texts;
    if (!names.empty()) {
      texts.assign(names.begin() + begin(w), names.begin() + begin(w + 1));
    } else if (patch_term) {
      for (const auto& sample : worker.samples) texts.push_back(sample.single);
    }
    worker.encode(options_, texts);
  });
  if (patch_term) {
    std::vector<Tensor> all;
    for (const auto& worker : workers_) all.push_back(worker->text_patch.detach());
    const auto texts = at::cat(all);
    pool_.run([&](int w) { workers_[w]->compare(options_, texts, input.batch_size); });
  }
  StepOutput output;
  losses(output);
  const bool claim = options_.claim_loss > 0;
  pool_.run([&](int w) {
    auto& worker = *workers_[w];
    variable_list roots, gradients;
    if (worker.image.requires_grad()) roots.push_back(worker.image), gradients.push_back(worker.grad_image);
    if (patch_term) roots.push_back(worker.pooled), gradients.push_back(worker.grad_pooled);
    if (claim) roots.push_back(worker.claim), gradients.push_back(at::full({}, options_.claim_loss));
    auto inputs = worker.vision;
    if (claim) inputs.push_back(store_.index(kClaimLogitScale));
    worker.backward(store_, inputs, roots, gradients, patch_term ? worker.text_all : Tensor());
  });
  Tensor grad_texts;
  for (const auto& worker : workers_)
    if (patch_term) grad_texts = grad_texts.defined() ? grad_texts + worker->grad_text_all : worker->grad_text_all;
  pool_.run([&](int w) {
    auto& worker = *workers_[w];
    if (worker.text.empty()) return;
    variable_list roots{worker.text_class}, gradients{worker.grad_class};
    if (patch_term) {
      const auto count = worker.text_patch.size(0);
      roots.push_back(worker.text_patch);
      gradients.push_back(grad_texts.narrow(0, names.empty() ? w * count : begin(w), count));
    }
    worker.backward(store_, worker.text, roots, gradients);
  });
  std::vector<std::vector<Tensor>*> gradients;
  for (auto& worker : workers_) gradients.push_back(&worker->gradients);
  sum_gradients(pool_, store_, gradients);
  return output;
}

// The losses over the whole batch, on the calling thread; leaves each worker its slice of their gradient.
void ClipStep::losses(StepOutput& output) {
  c10::AutoGradMode mode(true);
  const auto gather = [&](auto member) {
    std::vector<Tensor> all;
    for (const auto& worker : workers_) all.push_back((*worker.*member).detach());
    return leaf(at::cat(all));
  };
  std::vector<const Sample*> samples;
  for (const auto& worker : workers_)
    for (const auto& sample : worker->samples) samples.push_back(&sample);
  const auto n = static_cast<int64_t>(samples.size());
  const auto each = static_cast<int64_t>(samples.front()->captions.size());
  const bool tags = options_.soft_targets && source_.has_tags();
  const auto shown = [&](int64_t names) {
    auto positive = at::empty({n, names}, at::kFloat);
    float* out = positive.data_ptr<float>();
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < names; ++j) out[i * names + j] = samples[i]->present[j];
    return positive;
  };

  const auto image = gather(&Worker::image), text = gather(&Worker::text_class);
  const auto scale = store_.leaves(true);
  const auto& class_scale = scale.at(kLogitScale);
  const auto similarity = at::mm(unit_rows(image), unit_rows(text).t());
  const auto class_positive = tags ? caption_truth(samples) : at::eye(n, at::kFloat).repeat_interleave(each, 1);
  const auto class_loss = contrastive_loss(similarity * class_scale.exp(), class_positive);
  variable_list inputs{image, text, class_scale};
  auto loss = class_loss;
  if (options_.patch_loss > 0) {
    const auto& patch_scale = scale.at(kPatchLogitScale);
    const auto pooled = gather(&Worker::pooled);
    const auto positive = tags ? shown(pooled.size(1)) : at::eye(n, at::kFloat);
    const auto patch_loss = contrastive_loss(pooled * patch_scale.exp(), positive);
    output.loss_patch = patch_loss.item<double>();
    inputs.push_back(pooled);
    inputs.push_back(patch_scale);
    loss = loss + options_.patch_loss * patch_loss;
  }
  const auto gradients = torch::autograd::grad({loss}, inputs);
  const auto slice = n / pool_.size();
  for (int w = 0; w < pool_.size(); ++w) {
    auto& worker = *workers_[w];
    worker.grad_image = gradients[0].narrow(0, w * slice, slice);
    worker.grad_class = gradients[1].narrow(0, w * slice * each, slice * each);
    if (options_.patch_loss > 0) worker.grad_pooled = gradients[3].narrow(0, w * slice, slice);
  }
  workers_[0]->gradients[store_.index(kLogitScale)] = gradients[2];
  if (options_.patch_loss > 0) workers_[0]->gradients[store_.index(kPatchLogitScale)] = gradients[4];
  for (const auto& worker : workers_)
    if (options_.claim_loss > 0) output.loss_claim += worker->claim.item<double>();
  output.loss = loss.item<double>() + options_.claim_loss * output.loss_claim;
  output.loss_class = class_loss.item<double>();
  const auto best = similarity.detach().argmax(0, true);
  output.retrieval = class_positive.gather(0, best).mean().item<double>();
}

}  // namespace wordmask::train

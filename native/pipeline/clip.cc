#include "pipeline/clip.h"

#include <ATen/ATen.h>

#include <deque>

#include "base/device.h"
#include "models/clip.h"
#include "models/init.h"
#include "models/load.h"
#include "pipeline/preprocess.h"

namespace wordmask::pipeline {

namespace {
// Images resized between two looks at whether the call was aborted.
constexpr size_t kResizedTogether = 16;

at::Tensor scaled(const at::Tensor& rows, bool normalize) {
  return (normalize ? rows / rows.norm(2, -1, true) : rows).contiguous();
}

void report(const Progress& progress, int64_t done, int64_t total) {
  if (progress) progress(static_cast<double>(done), static_cast<double>(total));
}

int64_t positive_batch(int batch_size) {
  WM_CHECK(batch_size > 0, code::kInvalidArgument, "Expected a positive integer for batchSize but received ",
           batch_size);
  return batch_size;
}
}  // namespace

Clip::Clip(models::ClipConfig config, std::shared_ptr<models::ClipImpl> model, c10::Device device, at::ScalarType dtype)
    : config_(std::move(config)), model_(std::move(model)), device_(device), dtype_(dtype), pass_(device, dtype) {
  model_->eval();
}

std::shared_ptr<Clip> Clip::load(const models::ClipConfig& config, const std::vector<std::string>& files,
                                 const Compute& compute, const Cancel& cancel, const Progress& progress) {
  const auto device = parse_device(compute.device);
  const auto dtype = parse_dtype(compute.dtype, device);
  auto model = std::make_shared<models::ClipImpl>(config);
  const auto checkpoint = weights::open_checkpoint(files);
  models::load_weights(*model, *checkpoint, models::key_map(config.keys), {device, dtype, models::stays_float32},
                       cancel, progress);
  return std::shared_ptr<Clip>(new Clip(config, std::move(model), device, dtype));
}

std::shared_ptr<Clip> Clip::random(const models::ClipConfig& config, uint64_t seed, const Compute& compute) {
  const auto device = parse_device(compute.device);
  const auto dtype = parse_dtype(compute.dtype, device);
  auto model = std::make_shared<models::ClipImpl>(config);
  models::redraw(*model, seed);
  models::convert(*model, {device, dtype, models::stays_float32});
  return std::shared_ptr<Clip>(new Clip(config, std::move(model), device, dtype));
}

ModelInfo Clip::info() const { return model_info(*model_, device_, dtype_); }

int64_t Clip::cell() const { return model_->visual->cell(); }

at::Tensor Clip::preprocess(const ImageU8& image, const ResizeOptions& options) const {
  c10::InferenceMode guard;
  return pipeline::preprocess(image, config_.vision.image_size, options);
}

at::Tensor Clip::preprocess(std::span<const ImageU8* const> images, const ResizeOptions& options,
                            const Cancel& cancel) const {
  c10::InferenceMode guard;
  const int size = static_cast<int>(config_.vision.image_size);
  std::vector<at::Tensor> parts;
  for (size_t from = 0; from < images.size(); from += kResizedTogether) {
    if (cancel) cancel->check();
    parts.push_back(
        pipeline::preprocess(images.subspan(from, std::min(kResizedTogether, images.size() - from)), size, options));
  }
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

at::Tensor Clip::encode_image(const std::vector<ImageU8>& images, const ResizeOptions& options, bool normalize,
                              int batch_size, const Cancel& cancel, const Progress& progress) {
  c10::InferenceMode guard;
  const auto step = positive_batch(batch_size), total = static_cast<int64_t>(images.size());
  auto result = at::empty({total, config_.embed_dim}, at::kFloat);
  std::vector<const ImageU8*> all;
  for (const auto& image : images) all.push_back(&image);
  struct Batch {
    TowerPass::Answers answers;
    int64_t from, n;
  };
  std::deque<Batch> under_way;
  const auto collect = [&] {
    auto [answers, from, n] = std::move(under_way.front());
    under_way.pop_front();
    result.narrow(0, from, n).copy_(scaled(answers.take(), normalize));
    report(progress, from + n, total);
  };
  for (int64_t from = 0; from < total; from += step) {
    const auto n = std::min(step, total - from);
    const auto batch = std::span(all).subspan(static_cast<size_t>(from), static_cast<size_t>(n));
    under_way.push_back({start_image(preprocess(batch, options, cancel)), from, n});
    if (under_way.size() > pass_.ahead()) collect();
  }
  while (!under_way.empty()) collect();
  return result;
}

TowerPass::Answers Clip::start_image(const at::Tensor& pixels) {
  return pass_.start(kImage, pixels, [this](const at::Tensor& there) { return model_->encode_image(there); });
}

at::Tensor Clip::encode_pixels(const at::Tensor& pixels, bool normalize) {
  c10::InferenceMode guard;
  const int64_t size = config_.vision.image_size;
  WM_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == size && pixels.size(3) == size,
           code::kInvalidArgument, "Expected pixels [n, 3, ", size, ", ", size, "] but received ", pixels.sizes());
  if (pixels.size(0) == 0) return at::empty({0, config_.embed_dim}, at::kFloat);
  return scaled(start_image(pixels).take(), normalize);
}

at::Tensor Clip::encode_text(const at::Tensor& tokens, bool normalize, int batch_size, const Cancel& cancel,
                             const Progress& progress) {
  c10::InferenceMode guard;
  WM_CHECK(tokens.dim() == 2, code::kInvalidArgument, "Expected tokens [n, context] but received ", tokens.sizes());
  const auto step = positive_batch(batch_size), total = tokens.size(0);
  auto result = at::empty({total, config_.embed_dim}, at::kFloat);
  if (total == 0) return result;
  // A batch costs what its longest text costs, so texts of like length go together.
  const auto order = model_->lengths(tokens).argsort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  for (int64_t from = 0; from < total; from += step) {
    if (cancel) cancel->check();
    const auto n = std::min(step, total - from);
    const auto rows = order.narrow(0, from, n);
    result.index_copy_(0, rows, scaled(finished(model_->encode_text(tokens.index_select(0, rows))), normalize));
    report(progress, from + n, total);
  }
  return result;
}

at::Tensor Clip::encode_classes(const at::Tensor& tokens, const std::vector<int64_t>& counts, int batch_size,
                                const Cancel& cancel, const Progress& progress) {
  c10::InferenceMode guard;
  int64_t sum = 0;
  for (const auto count : counts) {
    WM_CHECK(count > 0, code::kInvalidArgument, "Expected at least one prompt for every class but received ", count);
    sum += count;
  }
  WM_CHECK(tokens.dim() == 2 && tokens.size(0) == sum, code::kInvalidArgument, "Expected ", sum,
           " prompts (the sum of counts) but received tokens ", tokens.sizes());
  const auto prompts = encode_text(tokens, /*normalize=*/true, batch_size, cancel, progress);
  auto classes = at::empty({static_cast<int64_t>(counts.size()), config_.embed_dim}, at::kFloat);
  int64_t from = 0;
  for (size_t i = 0; i < counts.size(); ++i, from += counts[i - 1]) {
    classes[static_cast<int64_t>(i)].copy_(prompts.narrow(0, from, counts[i]).mean(0));
  }
  return classes / classes.norm(2, -1, true);
}

void Clip::save(const std::string& file, at::ScalarType dtype,
                const std::map<std::string, std::string>& metadata) const {
  c10::InferenceMode guard;
  auto state = models::named_state(*model_);
  for (auto& [key, tensor] : state) tensor = tensor.to(at::TensorOptions(at::kCPU).dtype(dtype)).contiguous();
  weights::write_safetensors(file, state, metadata);
}

}  // namespace wordmask::pipeline

#include "train/evaluate_scenes.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "train/augment.h"
#include "train/iou_sums.h"
#include "train/losses.h"
#include "train/recall.h"

namespace wordmask::train {
namespace {

using at::Tensor;

constexpr int kBatch = 16;

Tensor token_rows(const std::vector<std::vector<int32_t>>& captions) {
  size_t length = 0;
  for (const auto& tokens : captions) length = std::max(length, tokens.size());
  auto rows = at::zeros({static_cast<int64_t>(captions.size()), static_cast<int64_t>(length)}, at::kLong);
  for (size_t i = 0; i < captions.size(); ++i)
    std::copy(captions[i].begin(), captions[i].end(), rows.data_ptr<int64_t>() + i * length);
  return rows;
}

Tensor encode(models::ClipImpl& clip, const std::vector<std::vector<int32_t>>& captions) {
  std::vector<Tensor> parts;
  for (size_t begin = 0; begin < captions.size(); begin += 64) {
    const auto end = std::min(captions.size(), begin + 64);
    parts.push_back(clip.encode_text(token_rows({captions.begin() + begin, captions.begin() + end})).to(at::kFloat));
  }
  return unit_rows(at::cat(parts));
}

// [names, d]
Tensor class_vectors(models::ClipImpl& clip, const ScenePack& pack, const std::vector<std::string>& templates) {
  std::vector<std::vector<int32_t>> prompts;
  for (const auto& name : pack.names()) {
    for (const auto& pattern : templates) {
      const auto hole = pattern.find("{}");
      WM_CHECK(hole != std::string::npos, code::kInvalidArgument, "Expected {} in the template but received \"",
               pattern, "\"");
      prompts.push_back(pack.tokenize(pattern.substr(0, hole) + name + pattern.substr(hole + 2)));
    }
  }
  const auto vectors = encode(clip, prompts);
  return unit_rows(
      vectors.view({static_cast<int64_t>(pack.names().size()), static_cast<int64_t>(templates.size()), -1}).mean(1));
}

Tensor normalised_pixels(const std::vector<Scene>& scenes) {
  const int side = scenes.front().image.width;
  auto pixels = at::empty({static_cast<int64_t>(scenes.size()), 3, side, side}, at::kFloat);
  for (size_t i = 0; i < scenes.size();
       ++i)  // one patch as large as the picture is the picture in (channel, y, x) order
    picture_to_patches(scenes[i].image, side, nullptr, pixels.data_ptr<float>() + i * pixels.stride(0));
  return pixels;
}

struct Sums {
  explicit Sums(int names) : all(names), present(names), guess_all(names), guess_present(names) {}
  IouSums all, present, guess_all, guess_present;
};

// Labels one scene twice: from all names, and from those it shows. grid [names, h, w] cosines.
void label(const Scene& scene, const Tensor& grid, Sums& sums) {
  const int side = scene.image.width;
  const auto scores = at::upsample_bilinear2d(grid.unsqueeze(0), {side, side}, false).squeeze(0);
  const auto every = scores.argmax(0).contiguous();
  const auto shown = at::tensor(std::vector<int64_t>(scene.present.begin(), scene.present.end()), at::kLong);
  const auto among = shown.index_select(0, scores.index_select(0, shown).argmax(0).view(-1));
  const int64_t* predicted = every.const_data_ptr<int64_t>();
  const int64_t* restricted = among.const_data_ptr<int64_t>();
  std::vector<double> truth(sums.all.classes());
  for (size_t i = 0; i < scene.labels.size(); ++i) {
    sums.all.add(scene.labels[i], static_cast<int>(predicted[i]));
    sums.present.add(scene.labels[i], static_cast<int>(restricted[i]));
    truth[scene.labels[i]] += 1;
  }
  std::vector<int> names(sums.all.classes());
  for (size_t i = 0; i < names.size(); ++i) names[i] = static_cast<int>(i);
  sums.guess_all.add_uniform_guess(truth, names);
  sums.guess_present.add_uniform_guess(truth, scene.present);
}

}  // namespace

ScenesReport evaluate_scenes(models::ClipImpl& clip, const ScenePack& pack, const EvaluateOptions& options,
                             const Cancel& cancel, const Progress& progress) {
  c10::InferenceMode guard;
  WM_CHECK(options.count > 0 && !options.templates.empty(), code::kInvalidArgument,
           "Expected at least one scene and one template but received ", options.count, " and ",
           options.templates.size());
  const int names = static_cast<int>(pack.names().size()), concepts = pack.concepts();
  const auto classes = class_vectors(clip, pack, options.templates);
  Sums sums(names);
  std::vector<Tensor> images;
  std::vector<std::vector<int32_t>> captions;
  std::vector<std::vector<int>> present;
  const int64_t native = clip.config.vision.image_size;
  for (int first = 0; first < options.count; first += kBatch) {
    if (cancel) cancel->check();
    std::vector<Scene> scenes;
    for (int i = first; i < std::min(options.count, first + kBatch); ++i)
      scenes.push_back(pack.render(i, {options.size, options.split, options.seed}));
    const auto pixels = normalised_pixels(scenes);
    const auto seen = options.size == native ? pixels : at::_upsample_bicubic2d_aa(pixels, {native, native}, false);
    images.push_back(clip.encode_image(seen).to(at::kFloat));
    const auto features = clip.visual->dense(pixels).to(at::kFloat);  // [b, h, w, d]
    const auto unit = features / features.norm(2, -1, true).clamp_min(1e-12);
    const auto grids = at::matmul(unit, classes.t()).permute({0, 3, 1, 2});
    for (size_t i = 0; i < scenes.size(); ++i) {
      label(scenes[i], grids[static_cast<int64_t>(i)], sums);
      captions.push_back(scenes[i].captions.at(2).tokens);
      present.push_back(scenes[i].present);
    }
    if (progress) progress(first + static_cast<double>(scenes.size()), options.count);
  }

  const auto embeddings = unit_rows(at::cat(images));
  const auto by_name = at::mm(classes, embeddings.t()).contiguous();
  const auto by_caption = at::mm(encode(clip, captions), embeddings.t()).contiguous();
  const auto shows = [&](int name, int scene) {
    return std::binary_search(present[scene].begin(), present[scene].end(), name);
  };
  ScenesReport report;
  report.scenes = options.count;
  const auto nouns = recall(by_name.const_data_ptr<float>(), names, options.count, shows, {1, 5});
  const auto own = recall(by_caption.const_data_ptr<float>(), options.count, options.count,
                          [](int caption, int scene) { return caption == scene; }, {1, 5});
  report.names_shown = nouns.queries;
  report.noun_r1 = {nouns.recall[0], nouns.chance[0]};
  report.noun_r5 = {nouns.recall[1], nouns.chance[1]};
  report.caption_r1 = {own.recall[0], own.chance[0]};
  report.caption_r5 = {own.recall[1], own.chance[1]};

  const auto best = by_name.narrow(0, 0, concepts).argmax(0);
  int with_object = 0;
  for (int i = 0; i < options.count; ++i) {
    const auto objects = std::count_if(present[i].begin(), present[i].end(), [&](int name) { return name < concepts; });
    if (objects == 0) continue;
    ++with_object;
    report.zero_shot.value += shows(static_cast<int>(best[i].item<int64_t>()), i);
    report.zero_shot.chance += static_cast<double>(objects) / concepts;
  }
  report.zero_shot.value /= std::max(1, with_object);
  report.zero_shot.chance /= std::max(1, with_object);
  report.miou_all = {sums.all.mean(0, names), sums.guess_all.mean(0, names)};
  report.miou_objects = {sums.all.mean(0, concepts), sums.guess_all.mean(0, concepts)};
  report.miou_backgrounds = {sums.all.mean(concepts, names), sums.guess_all.mean(concepts, names)};
  report.miou_present = {sums.present.mean(0, names), sums.guess_present.mean(0, names)};
  return report;
}

std::string report_json(const ScenesReport& report) {
  const auto pair = [](const Figure& figure) {
    return nlohmann::ordered_json{{"value", figure.value}, {"chance", figure.chance}};
  };
  return nlohmann::ordered_json{{"scenes", report.scenes},
                                {"namesShown", report.names_shown},
                                {"nounR1", pair(report.noun_r1)},
                                {"nounR5", pair(report.noun_r5)},
                                {"captionR1", pair(report.caption_r1)},
                                {"captionR5", pair(report.caption_r5)},
                                {"zeroShot", pair(report.zero_shot)},
                                {"miouAll", pair(report.miou_all)},
                                {"miouObjects", pair(report.miou_objects)},
                                {"miouBackgrounds", pair(report.miou_backgrounds)},
                                {"miouPresent", pair(report.miou_present)}}
      .dump(2);
}

}  // namespace wordmask::train

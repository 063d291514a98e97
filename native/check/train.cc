// wordmask_check train and eval-scenes: training and its measurement where there is no Node.
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "check/command.h"
#include "models/load.h"
#include "train/clip_trainer.h"
#include "train/evaluate_scenes.h"
#include "train/options_json.h"

namespace wordmask::check {
namespace {

Cancel& interrupted() {
  static Cancel token = std::make_shared<CancelToken>();
  return token;
}

std::string read_text(const std::string& file) {
  std::ifstream in(file);
  WM_CHECK(in.good(), code::kFileNotFound, "Cannot read ", file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

int train_command(const std::vector<std::string>& arguments) {
  WM_CHECK(arguments.size() == 1, code::kInvalidArgument, "Usage: wordmask_check train OPTIONS.json");
  // Activations are freed and asked for again every step: keep the pages instead of giving them back.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
  const auto options = train::parse_options(read_text(arguments[0]));
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interrupted()->cancel(); });
  const auto result = train::train_clip(
      options,
      [](const train::TrainMetrics& m) {
        std::printf(
            "%lld/%lld loss %.4f (class %.4f, patch %.4f, claim %.4f) retrieval %.3f rate %.2e norm %.2f %.1f "
            "images/s\n",
            static_cast<long long>(m.step), static_cast<long long>(m.steps), m.loss, m.loss_class, m.loss_patch,
            m.loss_claim, m.retrieval, m.learning_rate, m.grad_norm, m.images_per_second);
        std::fflush(stdout);
      },
      interrupted());
  std::printf("wrote %s: %lld steps in %.0f s\n", result.weights.c_str(), static_cast<long long>(result.steps),
              result.seconds);
  return 0;
}

int eval_command(const std::vector<std::string>& list) {
  const Options arguments(list, {"options", "weights", "pack", "split", "count", "size", "seed", "template"});
  const auto config = train::parse_options(read_text(arguments.text("options", ""))).model;
  const auto pack = train::ScenePack::open(arguments.all("pack"));
  models::ClipImpl clip(config);
  models::load_weights(clip, *weights::open_checkpoint({arguments.text("weights", "")}), models::key_map(config.keys),
                       {at::kCPU, at::kFloat, models::stays_float32}, nullptr, nullptr);
  clip.eval();
  train::EvaluateOptions options;
  const auto split = arguments.text("split", "unseen");
  WM_CHECK(split == "unseen" || split == "heldout" || split == "train", code::kInvalidArgument,
           "Expected train, unseen or heldout for --split but received '", split, "'");
  options.split = split == "unseen"    ? train::Split::kUnseen
                  : split == "heldout" ? train::Split::kHeldOut
                                       : train::Split::kTrain;
  options.count = static_cast<int>(arguments.integer("count", 600));
  options.size = static_cast<int>(arguments.integer("size", 96));
  options.seed = static_cast<uint64_t>(arguments.integer("seed", 0));
  options.templates = arguments.all("template");
  if (options.templates.empty()) options.templates = {"a photo of a {}"};
  std::printf("%s\n", train::report_json(train::evaluate_scenes(clip, *pack, options, nullptr, nullptr)).c_str());
  return 0;
}

const Command train_entry("train", "OPTIONS.json: the native trainer, options as trainClip in binding.d.ts",
                          train_command);
const Command eval_entry("eval-scenes",
                         "--options OPTIONS.json --weights FILE --pack FILE [--pack HELDOUT] [--split S] [--count N] "
                         "[--size S] [--seed N] [--template T]...",
                         eval_command);

}  // namespace
}  // namespace wordmask::check

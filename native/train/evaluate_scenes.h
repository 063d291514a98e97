#pragma once
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/image.h"
#include "models/clip.h"
#include "train/scenes/scene_pack.h"

namespace wordmask::train {

struct EvaluateOptions {
  Split split = Split::kUnseen;
  int count = 600;
  int size = 96;  // side of the pictures; what the dense features see
  uint64_t seed = 0;
  std::vector<std::string> templates;  // with {}; the class vector of a name is the normalised mean of its prompts
};

// Value and what chance gives.
struct Figure {
  double value = 0, chance = 0;
};

struct ScenesReport {
  int scenes = 0, names_shown = 0;
  Figure noun_r1, noun_r5, caption_r1, caption_r5, zero_shot;
  Figure miou_all, miou_objects, miou_backgrounds, miou_present;
};

// The protocol of lib/eval/protocol.ts, in C++ alone. Runs under InferenceMode on the calling thread.
ScenesReport evaluate_scenes(models::ClipImpl& clip, const ScenePack& pack, const EvaluateOptions& options,
                             const Cancel& cancel, const Progress& progress);

std::string report_json(const ScenesReport& report);

}  // namespace wordmask::train

#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "train/scenes/pack_reader.h"
#include "train/scenes/rng.h"
#include "train/scenes/scene_pack.h"

namespace wordmask::train {

// Ids of a text by the pack's dictionary, start and end marks included. Words are runs of letters, single digits and
// runs of other characters, lower-cased: CLIP's own split for plain ASCII text, so its ids are those of the package's
// tokenizer.
std::vector<int32_t> tokenize(const Pack& pack, std::string_view text);

// `things`: what the scene shows, as (name, how many); backgrounds have count 1. -> the three captions of Scene.
std::vector<Caption> write_captions(const Pack& pack, const std::vector<std::pair<int, int>>& things, Rng& rng);

}  // namespace wordmask::train

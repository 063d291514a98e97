#pragma once
#include <string>

#include "train/clip_trainer.h"

namespace wordmask::train {

// TrainClipOptions as the JSON that binding.d.ts describes (`data.pack` etc.), for machines without Node. An absent
// model.text.vocabulary is filled from the scene pack. Unknown fields and wrong types are
// ERR_WORDMASK_INVALID_ARGUMENT.
TrainClipOptions parse_options(const std::string& json_text);

models::ClipConfig parse_config(const std::string& json_text);

}  // namespace wordmask::train

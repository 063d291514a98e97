#pragma once
#include "bindings/argument.h"
#include "models/deeplab_config.h"

namespace wordmask::bindings {

models::DeepLabConfig read_deeplab_config(const Argument& argument);  // DeepLabConfig of binding.d.ts

}  // namespace wordmask::bindings

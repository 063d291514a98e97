#pragma once
#include "bindings/argument.h"
#include "pipeline/refine_options.h"

namespace wordmask::bindings {

// RefineOptions of binding.d.ts.
pipeline::RefineOptions read_refine(const Argument& argument);

}  // namespace wordmask::bindings

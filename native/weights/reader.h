#pragma once
#include <memory>

#include "weights/checkpoint.h"
#include "weights/mapped_file.h"

namespace wordmask::weights {

// One reader a container format; each checks the whole header before it returns.
std::shared_ptr<Checkpoint> open_safetensors(MappedFilePtr file);

}  // namespace wordmask::weights

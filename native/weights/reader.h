#pragma once
#include <memory>

#include "weights/checkpoint.h"
#include "weights/mapped_file.h"

namespace wordmask::weights {

// One reader a container format; each checks the whole header before it returns.
std::shared_ptr<Checkpoint> open_safetensors(MappedFilePtr file);
std::shared_ptr<Checkpoint> open_torch_zip(MappedFilePtr file);  // torch.save since 1.6, TorchScript archives
// torch.save before 1.6 (a row of pickles, then the storages), else a single pickle with numpy arrays (Detectron2's
// .pkl).
std::shared_ptr<Checkpoint> open_pickle(MappedFilePtr file);

}  // namespace wordmask::weights

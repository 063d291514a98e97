#pragma once
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"

namespace wordmask::weights {

struct TensorEntry {
  std::string key;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
};

// A checkpoint on disk, opened but not read: safetensors by memory map, torch zip / TorchScript / legacy pickles
// through our allow-listed unpickler. No code of a checkpoint is ever run.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  virtual std::string format()
      const = 0;  // 'safetensors' | 'torch-zip' | 'torch-legacy' | 'torchscript' | 'detectron2-pickle'
  virtual const std::vector<TensorEntry>& entries() const = 0;
  virtual const std::map<std::string, std::string>& metadata() const = 0;
  // A tensor that may alias the file's memory map (keep the checkpoint alive while it is used) in its stored dtype.
  virtual at::Tensor tensor(const std::string& key) const = 0;
};

// `files` are the shards of one checkpoint. Where every key begins with "module." (saved from inside PyTorch's
// DistributedDataParallel) that is taken off. Errors: ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_CHECKPOINT (damaged,
// truncated, lying offsets), ERR_WORDMASK_CHECKPOINT_FORBIDDEN (a pickle global off the allow-list).
std::shared_ptr<Checkpoint> open_checkpoint(const std::vector<std::string>& files);

struct NamedTensor {
  std::string key;
  at::Tensor tensor;
};
// Writes `<file>.tmp-<pid>`, fsyncs, renames. Tensors are stored in their own dtype, on the CPU.
void write_safetensors(const std::string& file, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace wordmask::weights

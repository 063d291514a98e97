#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "weights/stored_array.h"

namespace wordmask::weights {

struct StateDict {
  std::vector<std::pair<std::string, StoredArray>> tensors;  // in file order; keys are unique
  std::map<std::string, std::string> metadata;               // scalars beside the tensors, as text
};

// A plain state dict, or the one under 'state_dict', 'model', 'module' or 'teacher'. Prefixes are left alone. Dicts
// nested in it are flattened with dots. ERR_WORDMASK_CHECKPOINT when there is none, with the names that are there.
StateDict state_dict_of_pickle(const Value& root, PickleTree& tree, const std::string& path);

// The attribute tree of a TorchScript module (`__torch__` classes), flattened: keys are those of its state_dict().
StateDict state_dict_of_module(const Value& root, PickleTree& tree, const std::string& path);

}  // namespace wordmask::weights

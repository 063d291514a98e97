#pragma once
#include <string>
#include <vector>

#include "weights/dtype.h"
#include "weights/mapped_file.h"
#include "weights/pickle_value.h"

namespace wordmask::weights {

// A tensor as a pickle describes it, validated but not read. Sizes and strides are in elements.
struct StoredArray {
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
  int64_t offset = 0;   // first element in its storage
  int64_t numel = 0;    // elements of the tensor
  uint64_t span = 0;    // elements from `offset` to the last one touched, inclusive; 0 when empty
  std::string storage;  // key of a storage outside the pickle; empty: `inline_bytes`
  uint64_t storage_bytes = 0;
  Bytes inline_bytes;  // points into the file or the tree
};

// Fills numel and span; refuses negative sizes and strides, overflow, and views that reach beyond `storage_bytes`.
void check_layout(StoredArray& array, const std::string& key, const std::string& path);

// Persistent id ('storage', class, key, location, number of elements): a storage that lies beside the pickle.
struct StorageId {
  std::string key;
  DType dtype;  // an untyped storage counts bytes (kUInt8)
  uint64_t bytes;
};
StorageId storage_id(const Value& persistent);

// torch._utils._rebuild_tensor_v2 and its relatives (parameters, tensor subclasses, dtype given apart).
bool is_torch_tensor(const Value& value);
StoredArray torch_tensor(const Value& value, const std::string& key, const std::string& path);

// numpy arrays and scalars as Detectron2's .pkl holds them; data pickled as latin-1 text is decoded into `tree`.
bool is_numpy_array(const Value& value);
StoredArray numpy_array(const Value& value, PickleTree& tree, const std::string& key, const std::string& path);

}  // namespace wordmask::weights

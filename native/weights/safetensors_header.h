#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weights/dtype.h"
#include "weights/mapped_file.h"

namespace wordmask::weights {

struct StoredTensor {
  std::string key;
  DType dtype;
  std::vector<int64_t> shape;
  uint64_t offset = 0;  // bytes from the start of the file
  uint64_t bytes = 0;
};

struct SafetensorsHeader {
  std::vector<StoredTensor> tensors;  // in file order
  std::map<std::string, std::string> metadata;
};

inline constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the safetensors library
inline constexpr int kFormatVersion = 1;                  // of the files we write
inline constexpr char kFormatVersionKey[] = "wordmask_format";

// Layout: u64 little-endian header length, JSON header, data. Refused with ERR_WORDMASK_CHECKPOINT: a length beyond the
// file, malformed JSON, duplicate names, an unknown dtype, numbers that are not plain non-negative integers, sizes that
// differ from shape x dtype, offsets outside the file, overlapping or with holes. A file of ours in a newer format is
// ERR_WORDMASK_VERSION. `file` is `path`'s whole content; nothing is copied but the header.
SafetensorsHeader parse_safetensors_header(Bytes file, const std::string& path);

}  // namespace wordmask::weights

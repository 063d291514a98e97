#include "weights/safetensors_header.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"

namespace wordmask::weights {
namespace {

using Json = nlohmann::json;

// name -> field -> array: nothing legitimate is deeper.
constexpr int kMaxDepth = 3;

Json parse_json(std::string_view text, const std::string& path) {
  std::set<std::string> names[kMaxDepth];
  const auto guard = [&](int depth, Json::parse_event_t event, Json& value) {
    WM_CHECK(depth <= kMaxDepth, code::kCheckpoint, "The header of ", path, " is nested deeper than ", kMaxDepth,
             " levels");
    if (event == Json::parse_event_t::object_start && depth < kMaxDepth) names[depth].clear();
    if (event == Json::parse_event_t::key) {
      const std::string& name = value.get_ref<const std::string&>();
      WM_CHECK(names[depth - 1].insert(name).second, code::kCheckpoint, "The header of ", path, " names '", name,
               "' twice");
    }
    return true;
  };
  Json header;
  try {
    header = Json::parse(text.begin(), text.end(), guard);
  } catch (const Json::exception& error) {
    fail(code::kCheckpoint, "The header of ", path, " is not JSON: ", error.what());
  }
  WM_CHECK(header.is_object(), code::kCheckpoint, "Expected a JSON object as header of ", path, " but it is ",
           header.type_name());
  return header;
}

// Refuses negative, fractional and infinite numbers, which JSON readers would happily round.
uint64_t whole_number(const Json& value, const std::string& what, const std::string& path) {
  WM_CHECK(
      value.is_number_unsigned() && value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()),
      code::kCheckpoint, "Expected a non-negative integer for ", what, " in ", path, " but it is ", value.dump());
  return value.get<uint64_t>();
}

const Json& field(const Json& entry, const char* name, const std::string& key, const std::string& path) {
  const auto found = entry.find(name);
  WM_CHECK(found != entry.end(), code::kCheckpoint, "Tensor '", key, "' of ", path, " has no field '", name, "'");
  return *found;
}

StoredTensor parse_tensor(const std::string& key, const Json& entry, uint64_t data_begin, uint64_t data_bytes,
                          const std::string& path) {
  WM_CHECK(entry.is_object(), code::kCheckpoint, "Expected an object for tensor '", key, "' of ", path);
  StoredTensor tensor;
  tensor.key = key;
  const Json& dtype = field(entry, "dtype", key, path);
  const auto known = dtype.is_string() ? dtype_of_safetensors(dtype.get_ref<const std::string&>()) : std::nullopt;
  WM_CHECK(known.has_value(), code::kCheckpoint, "Tensor '", key, "' of ", path, " has dtype ", dtype.dump(),
           "; expected one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL");
  tensor.dtype = *known;
  const Json& shape = field(entry, "shape", key, path);
  WM_CHECK(shape.is_array() && shape.size() <= 64, code::kCheckpoint, "Expected at most 64 sizes as shape of '", key,
           "' of ", path);
  uint64_t bytes = size_of(tensor.dtype);
  for (const Json& item : shape) {
    const uint64_t size = whole_number(item, "a size of '" + key + "'", path);
    tensor.shape.push_back(static_cast<int64_t>(size));
    WM_CHECK(!__builtin_mul_overflow(bytes, size, &bytes), code::kCheckpoint, "The shape of '", key, "' of ", path,
             " overflows 64 bits");
  }
  const Json& offsets = field(entry, "data_offsets", key, path);
  WM_CHECK(offsets.is_array() && offsets.size() == 2, code::kCheckpoint, "Expected [begin, end] as data_offsets of '",
           key, "' of ", path);
  const uint64_t begin = whole_number(offsets[0], "data_offsets of '" + key + "'", path);
  const uint64_t end = whole_number(offsets[1], "data_offsets of '" + key + "'", path);
  WM_CHECK(begin <= end && end <= data_bytes, code::kCheckpoint, "Tensor '", key, "' of ", path, " claims bytes ",
           begin, "..", end, " but the file holds ", data_bytes, " bytes of data: truncated or damaged");
  WM_CHECK(end - begin == bytes, code::kCheckpoint, "Tensor '", key, "' of ", path, " claims ", end - begin,
           " bytes but its shape and dtype need ", bytes);
  tensor.offset = data_begin + begin;
  tensor.bytes = bytes;
  return tensor;
}

std::map<std::string, std::string> parse_metadata(const Json& entry, const std::string& path) {
  std::map<std::string, std::string> metadata;
  WM_CHECK(entry.is_object(), code::kCheckpoint, "Expected an object as __metadata__ of ", path);
  for (const auto& [key, value] : entry.items()) {
    WM_CHECK(value.is_string(), code::kCheckpoint, "Expected a string as __metadata__.", key, " of ", path);
    metadata.emplace(key, value.get<std::string>());
  }
  const auto version = metadata.find(kFormatVersionKey);
  if (version != metadata.end()) {
    const std::string& text = version->second;
    const bool number = !text.empty() && text.size() < 9 && text.find_first_not_of("0123456789") == std::string::npos;
    WM_CHECK(number, code::kCheckpoint, "Expected a number as ", kFormatVersionKey, " of ", path, " but it is '", text,
             "'");
    WM_CHECK(std::stoi(text) <= kFormatVersion, code::kVersion, path, " has format version ", text,
             "; this wordmask reads up to ", kFormatVersion, ". Run: npm install wordmask@latest");
  }
  return metadata;
}

void check_contiguous(std::vector<StoredTensor>& tensors, uint64_t data_begin, uint64_t file_bytes,
                      const std::string& path) {
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
  });
  uint64_t expected = data_begin;
  for (const StoredTensor& tensor : tensors) {
    WM_CHECK(tensor.offset == expected, code::kCheckpoint, "Tensor '", tensor.key, "' of ", path, " begins at byte ",
             tensor.offset - data_begin, tensor.offset < expected ? ", inside its neighbour" : ", after a hole",
             "; expected ", expected - data_begin);
    expected += tensor.bytes;
  }
  WM_CHECK(expected == file_bytes, code::kCheckpoint, path, " has ", file_bytes - expected,
           " bytes that belong to no tensor");
}

}  // namespace

SafetensorsHeader parse_safetensors_header(Bytes file, const std::string& path) {
  WM_CHECK(file.size() >= 8, code::kCheckpoint, path, " is too short for a safetensors file (", file.size(), " bytes)");
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | file[static_cast<size_t>(i)];
  WM_CHECK(length <= kMaxHeaderBytes && length <= file.size() - 8, code::kCheckpoint, path, " claims a header of ",
           length, " bytes but the file has ", file.size(), ": truncated or not safetensors");
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, length);
  const Json json = parse_json(text, path);

  SafetensorsHeader header;
  const uint64_t data_begin = 8 + length;
  for (const auto& [key, entry] : json.items()) {
    if (key == "__metadata__") {
      header.metadata = parse_metadata(entry, path);
    } else {
      header.tensors.push_back(parse_tensor(key, entry, data_begin, file.size() - data_begin, path));
    }
  }
  check_contiguous(header.tensors, data_begin, file.size(), path);
  return header;
}

}  // namespace wordmask::weights

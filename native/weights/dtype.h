#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wordmask::weights {

// Element types a checkpoint may store. Torch-free, so that the parsers can be fuzzed without LibTorch.
enum class DType : uint8_t { kFloat64, kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUInt8, kBool };

struct DTypeInfo {
  DType dtype;
  size_t bytes;
  std::string_view safetensors;    // name in a safetensors header
  std::string_view torch_storage;  // name of the storage class in a pickle
};

inline constexpr DTypeInfo kDTypes[] = {
    {DType::kFloat64, 8, "F64", "DoubleStorage"}, {DType::kFloat32, 4, "F32", "FloatStorage"},
    {DType::kFloat16, 2, "F16", "HalfStorage"},   {DType::kBFloat16, 2, "BF16", "BFloat16Storage"},
    {DType::kInt64, 8, "I64", "LongStorage"},     {DType::kInt32, 4, "I32", "IntStorage"},
    {DType::kInt16, 2, "I16", "ShortStorage"},    {DType::kInt8, 1, "I8", "CharStorage"},
    {DType::kUInt8, 1, "U8", "ByteStorage"},      {DType::kBool, 1, "BOOL", "BoolStorage"},
};

inline constexpr const DTypeInfo& info(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }
inline constexpr size_t size_of(DType dtype) { return info(dtype).bytes; }
static_assert(info(DType::kBool).dtype == DType::kBool && info(DType::kFloat16).dtype == DType::kFloat16);

inline std::optional<DType> dtype_of_safetensors(std::string_view name) {
  for (const DTypeInfo& row : kDTypes) {
    if (row.safetensors == name) return row.dtype;
  }
  return std::nullopt;
}

inline std::optional<DType> dtype_of_storage(std::string_view name) {
  for (const DTypeInfo& row : kDTypes) {
    if (row.torch_storage == name) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace wordmask::weights

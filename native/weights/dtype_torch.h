#pragma once
#include <c10/core/ScalarType.h>

#include <optional>

#include "weights/dtype.h"

namespace wordmask::weights {

inline at::ScalarType scalar_type(DType dtype) {
  static constexpr at::ScalarType kTable[] = {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong,
                                              at::kInt,    at::kShort, at::kChar, at::kByte,     at::kBool};
  return kTable[static_cast<size_t>(dtype)];
}

inline std::optional<DType> dtype_of(at::ScalarType type) {
  for (const DTypeInfo& row : kDTypes) {
    if (scalar_type(row.dtype) == type) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace wordmask::weights

#pragma once
#include <cstdint>
#include <vector>

namespace wordmask_ref {

struct ConvSizes {
  int64_t b, in, h, w, out, kernel, stride, padding, dilation, groups;
};

// The formula of packed_conv.h, float64; an empty `bias` or `other` adds nothing.
std::vector<double> packed_conv(const std::vector<double>& x, const std::vector<double>& weight,
                                const std::vector<double>& bias, const std::vector<double>& other, bool relu,
                                double ceiling, const ConvSizes& sizes);

}  // namespace wordmask_ref

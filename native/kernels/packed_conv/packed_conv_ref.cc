#include "kernels/packed_conv/packed_conv_ref.h"

#include <algorithm>

namespace wordmask_ref {

std::vector<double> packed_conv(const std::vector<double>& x, const std::vector<double>& weight,
                                const std::vector<double>& bias, const std::vector<double>& other, bool relu,
                                double ceiling, const ConvSizes& sizes) {
  const auto [b, in, h, w, out, k, stride, padding, dilation, groups] = sizes;
  const int64_t reach = dilation * (k - 1) + 1, each = in / groups;
  const int64_t rows = (h + 2 * padding - reach) / stride + 1, columns = (w + 2 * padding - reach) / stride + 1;
  std::vector<double> result;
  for (int64_t image = 0; image < b; ++image) {
    for (int64_t o = 0; o < out; ++o) {
      const int64_t first = o / (out / groups) * each;  // of the group's input channels
      for (int64_t at = 0; at < rows * columns; ++at) {
        double sum = bias.empty() ? 0 : bias[o];
        for (int64_t i = 0; i < each * k * k; ++i) {
          const int64_t c = first + i / (k * k), y = at / columns * stride + i / k % k * dilation - padding,
                        z = at % columns * stride + i % k * dilation - padding;
          if (y >= 0 && y < h && z >= 0 && z < w)
            sum += x[((image * in + c) * h + y) * w + z] * weight[o * each * k * k + i];
        }
        if (!other.empty()) sum += other[result.size()];
        if (relu) sum = std::max(sum, 0.0);
        result.push_back(ceiling > 0 ? std::min(sum, ceiling) : sum);
      }
    }
  }
  return result;
}

}  // namespace wordmask_ref

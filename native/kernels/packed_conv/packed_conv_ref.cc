#include "kernels/packed_conv/packed_conv_ref.h"

#include <algorithm>

namespace wordmask_ref {

std::vector<double> packed_conv(const std::vector<double>& x, const std::vector<double>& weight,
                                const std::vector<double>& bias, const std::vector<double>& other, bool relu,
                                const ConvSizes& sizes) {
  const auto [b, in, h, w, out, k, stride, padding] = sizes;
  const int64_t rows = (h + 2 * padding - k) / stride + 1, columns = (w + 2 * padding - k) / stride + 1;
  std::vector<double> result;
  for (int64_t image = 0; image < b; ++image) {
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t at = 0; at < rows * columns; ++at) {
        double sum = bias[o];
        for (int64_t i = 0; i < in * k * k; ++i) {
          const int64_t c = i / (k * k), y = at / columns * stride + i / k % k - padding,
                        z = at % columns * stride + i % k - padding;
          if (y >= 0 && y < h && z >= 0 && z < w)
            sum += x[((image * in + c) * h + y) * w + z] * weight[o * in * k * k + i];
        }
        if (!other.empty()) sum += other[result.size()];
        result.push_back(relu ? std::max(sum, 0.0) : sum);
      }
    }
  }
  return result;
}

}  // namespace wordmask_ref

#pragma once
#include <ATen/core/Tensor.h>

#include "kernels/tile/panels.h"

namespace wordmask::kernels {

// <a, b> in float64, eight sums side by side and then together in order: the same bits on every machine.
double exact_product(const float* a, const float* b, int64_t size);

// Stored rows as float32 and the cosine of two of them, as the answer counts it.
class ExactRows {
 public:
  explicit ExactRows(const at::Tensor& rows)
      : data_(static_cast<const char*>(rows.const_data_ptr())),
        stride_(rows.stride(0) * static_cast<int64_t>(rows.element_size())),
        dim_(rows.size(1)),
        reader_(tile_kernels(), rows.scalar_type(), dim_, /*pairs=*/false) {}

  int64_t dim() const { return dim_; }
  void read(int64_t row, float* to) const { reader_.read(data_ + row * stride_, to); }

 private:
  const char* data_;
  int64_t stride_, dim_;
  RowReader reader_;
};

}  // namespace wordmask::kernels

#include "kernels/stars/order.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace wordmask::kernels {

std::vector<int32_t> visiting_order(int64_t rows, const StarOrder& order) {
  WM_CHECK(rows <= kMostStarRows, code::kInvalidArgument, "Expected at most ", kMostStarRows, " rows but received ",
           rows);
  const uint8_t* allow = nullptr;
  if (order.allow) {
    WM_CHECK(order.allow->dim() == 1 && order.allow->scalar_type() == at::kByte && order.allow->is_contiguous() &&
                 order.allow->size(0) == (rows + 7) / 8,
             code::kInvalidArgument, "Expected an allow bitmap of ", (rows + 7) / 8, " bytes for ", rows,
             " rows but received ", order.allow->sizes());
    allow = order.allow->const_data_ptr<uint8_t>();
  }
  std::vector<int32_t> visited;
  for (int64_t row = 0; row < rows; ++row)
    if (!allow || (allow[row / 8] >> (row % 8) & 1)) visited.push_back(static_cast<int32_t>(row));
  if (!order.priority) return visited;

  WM_CHECK(order.priority->dim() == 1 && order.priority->scalar_type() == at::kDouble &&
               order.priority->is_contiguous() && order.priority->size(0) == rows,
           code::kInvalidArgument, "Expected a priority for each of ", rows, " rows but received ",
           order.priority->sizes());
  const auto* priority = order.priority->const_data_ptr<double>();
  for (int64_t row = 0; row < rows; ++row)
    WM_CHECK(!std::isnan(priority[row]), code::kInvalidArgument, "Expected a number for priority[", row,
             "] but received NaN");
  std::stable_sort(visited.begin(), visited.end(), [&](int32_t a, int32_t b) { return priority[a] > priority[b]; });
  return visited;
}

}  // namespace wordmask::kernels

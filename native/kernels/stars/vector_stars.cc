#include "kernels/stars/vector_stars.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/error.h"
#include "kernels/stars/near.h"

namespace wordmask::kernels {

namespace {
void check_input(const at::Tensor& rows, const VectorStarOptions& options) {
  const auto type = rows.scalar_type();
  WM_CHECK(rows.dim() == 2 && (type == at::kFloat || type == at::kHalf || type == at::kBFloat16) && rows.size(1) > 0,
           code::kInvalidArgument, "Expected rows [n, d] of float32, float16 or bfloat16 but received ", type, " ",
           rows.sizes());
  WM_CHECK(options.threshold > 0 && options.threshold <= 1, code::kInvalidArgument,
           "Expected a threshold above 0 and at most 1 but received ", options.threshold);
}

double pairs(double rows) { return rows * std::max(rows - 1, 0.0) / 2; }
}  // namespace

Stars vector_stars(const at::Tensor& given, const VectorStarOptions& options, const Cancel& cancel,
                   const Progress& progress, const std::function<void()>& check) {
  check_input(given, options);
  const auto rows = given.stride(1) == 1 || given.size(1) == 1 ? given : given.contiguous();
  const auto order = visiting_order(rows.size(0), options);
  Stars stars{at::full({rows.size(0)}, -1, at::kInt),
              at::full({rows.size(0)}, std::numeric_limits<float>::quiet_NaN(), at::kFloat)};
  if (order.empty()) return stars;
  auto* centre_of = stars.centres.mutable_data_ptr<int32_t>();
  auto* score_of = stars.scores.mutable_data_ptr<float>();
  for (const int32_t row : order) centre_of[row] = row, score_of[row] = 1;

  const auto sketches = make_sketches(rows, order, options.threshold, options.sketch_bytes, check);
  NearRows near(rows, order, sketches, options.threshold);
  const auto join = [&](const std::vector<int32_t>& centres, const std::vector<NearRows::Member>& members) {
    for (const auto& member : members) {
      centre_of[order[member.place]] = order[centres[member.centre]];
      score_of[order[member.place]] = member.score;
    }
  };

  // Places that nobody has taken and that have not been centres, in order.
  std::vector<int32_t> rest(order.size());
  for (size_t i = 0; i < rest.size(); ++i) rest[i] = static_cast<int32_t>(i);
  const double all = pairs(static_cast<double>(rest.size()));
  while (!rest.empty()) {
    check();
    const auto block = std::min<int64_t>(NearRows::kCentres, static_cast<int64_t>(rest.size()));
    std::vector<int32_t> centres;
    std::vector<NearRows::Member> members;
    near.among(rest.data(), block, centres, members);
    join(centres, members);
    const auto joined = near.around(centres, rest.data() + block, static_cast<int64_t>(rest.size()) - block,
                                    [&] { return cancel && cancel->cancelled(); });
    if (cancel) cancel->check();
    join(centres, joined);
    auto leaving = joined.begin();
    const auto kept = std::remove_if(rest.begin() + block, rest.end(), [&](int32_t place) {
      if (leaving == joined.end() || leaving->place != place) return false;
      ++leaving;
      return true;
    });
    rest.erase(kept, rest.end());
    rest.erase(rest.begin(), rest.begin() + block);
    if (progress) progress(all - pairs(static_cast<double>(rest.size())), all);
  }
  check();
  stars.sketch = near.width();
  stars.verified = near.verified();
  return stars;
}

StarCost vector_star_cost(int64_t rows, int64_t dim, int64_t sketch_bytes) {
  const double n = static_cast<double>(rows);
  const auto width = static_cast<double>(sketch_widths(rows, dim, sketch_bytes).back());
  return {pairs(n), pairs(n) * static_cast<double>(dim), n * (2 * width + 20)};
}

}  // namespace wordmask::kernels

#pragma once
#include <atomic>
#include <optional>
#include <vector>

#include "kernels/stars/exact.h"
#include "kernels/stars/sketch.h"

namespace wordmask::kernels {

// Rows by their place in the order, compared on sketches and, where those leave it open, in full.
class NearRows {
 public:
  static constexpr int64_t kCentres = 256;  // that are compared with the rest together: their sketches stay in L2

  NearRows(const at::Tensor& rows, const std::vector<int32_t>& order, const Sketches& sketches, double threshold);

  struct Member {
    int32_t place, centre;  // centre: its position in the list given
    float score;
  };

  // Of at most kCentres places in order: which are centres, and which of the others join which of these.
  void among(const int32_t* places, int64_t count, std::vector<int32_t>& centres, std::vector<Member>& members);
  // Of further places: those near a centre, with the first that they are near to; in order.
  std::vector<Member> around(const std::vector<int32_t>& centres, const int32_t* places, int64_t count,
                             const std::function<bool()>& stop);

  int64_t width() const { return sketches_.values.size(1); }
  int64_t verified() const { return verified_; }

 private:
  class Scan;
  // The cosine of two rows read before, with their squares; none where they are not near.
  std::optional<float> near(const float* a, double aa, const float* b, double bb) const;
  void load(const int32_t* places, int64_t count);

  const TileKernels& tile_;
  const ExactRows exact_;
  const std::vector<int32_t>& order_;
  const Sketches& sketches_;
  const double threshold_;
  const bool pairs_;
  const RowReader reader_;
  // The centres at hand: sketches as panels, rows as float32, squares of their lengths.
  Panels panels_;
  std::vector<float> values_, floors_;
  std::vector<double> squares_;
  int64_t loaded_ = 0;
  std::atomic<int64_t> verified_{0};
};

}  // namespace wordmask::kernels

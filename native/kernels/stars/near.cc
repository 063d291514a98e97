// Bound: for kCentres centres at a time the rest's sketches are read once, w multiply-adds a pair; kept in registers, a
// tile at a time, and compared with the threshold a vector at a time, so that hardly a pair goes on to the full rows.
#include "kernels/stars/near.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace wordmask::kernels {

namespace {
constexpr int64_t kChunk = 2048;  // places that a thread takes at a time
}

NearRows::NearRows(const at::Tensor& rows, const std::vector<int32_t>& order, const Sketches& sketches,
                   double threshold)
    : tile_(tile_kernels()),
      exact_(rows),
      order_(order),
      sketches_(sketches),
      threshold_(threshold),
      pairs_(tile_.multiply_pairs != nullptr),
      reader_(tile_, at::kBFloat16, width(), pairs_),
      panels_(tile_, reader_.units(), kCentres),
      values_(kCentres * exact_.dim()),
      squares_(kCentres) {}

// One thread's: sketches of places against the panels at hand.
class NearRows::Scan {
 public:
  explicit Scan(const NearRows& near)
      : near_(near),
        lanes_((near.loaded_ + near.tile_.columns - 1) / near.tile_.columns * near.tile_.columns),
        block_(near.tile_, near.reader_.units()),
        bounds_(near.tile_.rows * lanes_),
        row_(near.exact_.dim()) {}

  // Calls open(i) for each of the places for which some centre's bound reaches the threshold.
  template <class Open>
  void scan(const int32_t* places, int64_t count, Open open) {
    const auto& tile = near_.tile_;
    const auto multiply = near_.pairs_ ? tile.multiply_pairs : tile.multiply;
    const auto* sketches = static_cast<const at::BFloat16*>(near_.sketches_.values.const_data_ptr());
    for (int64_t begin = 0; begin < count; begin += tile.rows) {
      const int64_t rows = std::min(tile.rows, count - begin);
      for (int64_t r = 0; r < rows; ++r)
        near_.reader_.read(sketches + places[begin + r] * near_.width(), block_.row(r));
      for (int64_t c = 0; c < lanes_; c += tile.columns)
        multiply(block_.data(), block_.stride(), near_.panels_.from(c), near_.reader_.units(), bounds_.data() + c,
                 lanes_);
      for (int64_t r = 0; r < rows; ++r) {
        bounds_at_ = bounds_.data() + r * lanes_;
        if (tile.any_reaches(bounds_at_, near_.floors_.data(), lanes_)) open(begin + r);
      }
    }
  }

  bool reaches(int64_t centre) const { return bounds_at_[centre] >= near_.floors_[centre]; }

  // The first centre, from `from` on, that the place is near to; for open().
  std::optional<Member> first_near(int32_t place, int64_t from, int64_t to) {
    if (!near_.sketches_.usable[place]) return {};
    double square = -1;
    for (int64_t c = from; c < to; ++c) {
      if (!reaches(c)) continue;
      if (square < 0) {
        near_.exact_.read(near_.order_[place], row_.data());
        square = exact_product(row_.data(), row_.data(), near_.exact_.dim());
      }
      ++verified;
      const auto score =
          near_.near(near_.values_.data() + c * near_.exact_.dim(), near_.squares_[c], row_.data(), square);
      if (score) return Member{place, static_cast<int32_t>(c), *score};
    }
    return {};
  }

  int64_t verified = 0;

 private:
  const NearRows& near_;
  const int64_t lanes_;
  RowBlock block_;
  std::vector<float> bounds_, row_;
  const float* bounds_at_ = nullptr;
};

std::optional<float> NearRows::near(const float* a, double aa, const float* b, double bb) const {
  const double product = exact_product(a, b, exact_.dim()), lengths = std::sqrt(aa * bb);
  if (!(product >= threshold_ * lengths)) return {};
  return static_cast<float>(product / lengths);
}

void NearRows::load(const int32_t* places, int64_t count) {
  const auto* sketches = static_cast<const at::BFloat16*>(sketches_.values.const_data_ptr());
  RowBlock block(tile_, reader_.units());
  // Infinite where there is no centre and for rows without a direction, which are near none.
  floors_.assign(kCentres + tile_.columns, std::numeric_limits<float>::infinity());
  for (int64_t c = 0; c < count; ++c) {
    reader_.read(sketches + places[c] * width(), block.row(0));
    panels_.set(c, block, 1);
    if (!sketches_.usable[places[c]]) continue;
    floors_[c] = static_cast<float>(threshold_) - kSketchSlack;
    float* values = values_.data() + c * exact_.dim();
    exact_.read(order_[places[c]], values);
    squares_[c] = exact_product(values, values, exact_.dim());
  }
  loaded_ = count;
}

void NearRows::among(const int32_t* places, int64_t count, std::vector<int32_t>& centres,
                     std::vector<Member>& members) {
  load(places, count);
  std::vector<int64_t> position(count, -1);  // among the centres
  Scan scan(*this);
  int64_t next = 0;
  const auto place_as_centre = [&](int64_t until) {
    for (; next < until; ++next) {
      position[next] = static_cast<int64_t>(centres.size());
      centres.push_back(places[next]);
    }
  };
  scan.scan(places, count, [&](int64_t i) {
    place_as_centre(i);
    // Earlier places that are centres; members of one are passed over.
    for (int64_t c = 0; c < i; ++c) {
      if (position[c] < 0 || !scan.reaches(c)) continue;
      if (auto member = scan.first_near(places[i], c, c + 1)) {
        member->centre = static_cast<int32_t>(position[c]);
        members.push_back(*member);
        ++next;
        return;
      }
    }
  });
  place_as_centre(count);
  verified_ += scan.verified;
}

std::vector<NearRows::Member> NearRows::around(const std::vector<int32_t>& centres, const int32_t* places,
                                               int64_t count, const std::function<bool()>& stop) {
  load(centres.data(), static_cast<int64_t>(centres.size()));
  const int64_t chunks = (count + kChunk - 1) / kChunk, threads = std::min<int64_t>(at::get_num_threads(), chunks);
  std::vector<std::vector<Member>> found(chunks);
  std::atomic<int64_t> next{0};
  at::parallel_for(0, threads, /*grain_size=*/1, [&](int64_t, int64_t) {
    Scan scan(*this);
    for (int64_t chunk = next++; chunk < chunks && !stop(); chunk = next++) {
      const int32_t* from = places + chunk * kChunk;
      scan.scan(from, std::min(kChunk, count - chunk * kChunk), [&](int64_t i) {
        if (const auto member = scan.first_near(from[i], 0, loaded_)) found[chunk].push_back(*member);
      });
    }
    verified_ += scan.verified;
  });
  std::vector<Member> members;
  for (const auto& part : found) members.insert(members.end(), part.begin(), part.end());
  return members;
}

}  // namespace wordmask::kernels

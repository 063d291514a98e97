#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace wordmask::kernels {

struct Candidate {
  float score;
  int64_t index;
};

// A total order (no candidate is NaN), so that the best k are the same set whoever collects them.
inline bool better(const Candidate& a, const Candidate& b) {
  return a.score > b.score || (a.score == b.score && a.index < b.index);
}

// The best k of what was offered, with rising indices. Up to 2k are held between two selections, so that a candidate
// costs O(1); what scores less than floor() need not be offered.
class RunningTopk {
 public:
  RunningTopk(int64_t k, float floor) : k_(k), floor_(floor) {}

  float floor() const { return floor_; }
  void offer(float score, int64_t index) {
    held_.push_back({score, index});
    if (static_cast<int64_t>(held_.size()) >= std::max<int64_t>(2 * k_, kLeast)) select();
  }
  const std::vector<Candidate>& held() const { return held_; }

 private:
  static constexpr int64_t kLeast = 64;

  void select() {
    std::nth_element(held_.begin(), held_.begin() + (k_ - 1), held_.end(), better);
    held_.resize(k_);
    // Later candidates have higher indices: an equal score loses.
    floor_ = std::max(floor_, std::nextafter(held_.back().score, std::numeric_limits<float>::infinity()));
  }

  int64_t k_;
  float floor_;
  std::vector<Candidate> held_;
};

}  // namespace wordmask::kernels

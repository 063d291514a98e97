#pragma once
#include <vector>

namespace wordmask::train {

// Intersection over union from sums over a whole data set. A class counts when it occurs in the truth or in the
// prediction.
class IouSums {
 public:
  explicit IouSums(int classes) : intersection_(classes), truth_(classes), predicted_(classes) {}
  int classes() const { return static_cast<int>(truth_.size()); }
  void add(int truth, int predicted) {
    truth_[truth] += 1;
    predicted_[predicted] += 1;
    if (truth == predicted) intersection_[truth] += 1;
  }
  // What a guess that is uniform over `choices` scores on average on truth[c] pixels of each class c.
  void add_uniform_guess(const std::vector<double>& truth, const std::vector<int>& choices) {
    double total = 0;
    for (size_t c = 0; c < truth.size(); ++c) truth_[c] += truth[c], total += truth[c];
    for (const int c : choices) {
      predicted_[c] += total / static_cast<double>(choices.size());
      intersection_[c] += truth[c] / static_cast<double>(choices.size());
    }
  }
  // Mean over the classes [from, to) that occur; 0 when none does.
  double mean(int from, int to) const {
    double sum = 0;
    int count = 0;
    for (int c = from; c < to; ++c) {
      const double united = truth_[c] + predicted_[c] - intersection_[c];
      if (united > 0) sum += intersection_[c] / united, ++count;
    }
    return count ? sum / count : 0;
  }

 private:
  std::vector<double> intersection_, truth_, predicted_;
};

}  // namespace wordmask::train

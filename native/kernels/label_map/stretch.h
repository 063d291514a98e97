#pragma once
#include <cstdint>
#include <vector>

// What label_map does with the pixels of a row that lie between the same two columns of cells. All clones of a function
// give equal bits: none uses fused multiply-add.
namespace wordmask::kernels::label {

constexpr int64_t kTogether = 16;  // pixels evaluated at once

// One place along an axis of a grid.
struct Tap {
  int64_t low, high;
  float weight;  // of `high`
};

// tap i: position (i + 0.5) * extent / size - 0.5, kept within the cells.
std::vector<Tap> taps(int64_t size, int64_t cells, double extent);

// Scores of T classes at the left and the right column; a factor's likewise, or null.
struct Ends {
  const float *left, *right;
  const float *factor_left = nullptr, *factor_right = nullptr;
};

// Pixels first .. first + count - 1 of a row; weights of the right column, readable up to kTogether beyond the last.
struct Stretch {
  int64_t first, count;
  int64_t left, right, factor_left, factor_right;  // columns of cells
};

struct Weights {
  const float* grid;
  const float* factor;
};

void interpolate(const float* low, const float* high, float weight, int64_t n, float* out);

// Largest absolute value; infinity where any is not finite.
float magnitude(const float* values, int64_t n);

// The classes, in order, that may be among the `k` best anywhere between the ends: those whose larger end comes within
// `slack` of the k-th largest of all smaller ends. Returns how many. `scratch` holds T floats.
int64_t contenders(const Ends& ends, int64_t classes, int64_t k, float slack, float* scratch, int32_t* out);

// The best class of each of kTogether pixels and its score, the first of equal ones.
void best_of(const Ends& ends, const Weights& weights, const int32_t* classes, int64_t n, float* best, int32_t* index);

// Scores of n classes at kTogether pixels: out[i * kTogether + pixel].
void scores_of(const Ends& ends, const Weights& weights, const int32_t* classes, int64_t n, float* out);

// sum over i of exp(temperature * (scores[i * kTogether + pixel] - best[pixel])), terms below e^-30 left out.
void softmax_sums(const float* scores, int64_t n, const float* best, float temperature, float* out);

}  // namespace wordmask::kernels::label

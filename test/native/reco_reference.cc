#include "reco_reference.h"

#include <algorithm>
#include <cmath>

namespace wordmask_ref {

namespace {
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<double> unit_rows(std::vector<double> rows, int64_t channels) {
  for (size_t row = 0; row < rows.size(); row += channels) {
    double sum = 0;
    for (int64_t c = 0; c < channels; ++c) sum += rows[row + c] * rows[row + c];
    for (int64_t c = 0; c < channels; ++c) rows[row + c] /= std::sqrt(sum);
  }
  return rows;
}

double dot(const double *a, const double *b, int64_t channels) {
  double sum = 0;
  for (int64_t c = 0; c < channels; ++c) sum += a[c] * b[c];
  return sum;
}

// What one cell of h x w sees of a grid of rows x columns, half-pixel centres.
double bilinear(const double *grid, int64_t rows, int64_t columns, double y, double x) {
  y = std::clamp(y, 0.0, rows - 1.0), x = std::clamp(x, 0.0, columns - 1.0);
  const int64_t y0 = std::floor(y), x0 = std::floor(x), y1 = std::min(y0 + 1, rows - 1),
                x1 = std::min(x0 + 1, columns - 1);
  const auto row = [&](int64_t at) {
    return (1 - (x - x0)) * grid[at * columns + x0] + (x - x0) * grid[at * columns + x1];
  };
  return (1 - (y - y0)) * row(y0) + (y - y0) * row(y1);
}

void guide(const RecoCase &given, std::vector<double> &weights) {
  const auto clip = unit_rows(given.clip, given.clip_channels);
  const int64_t cells = given.clip_h * given.clip_w;
  for (int64_t image = 0; image < given.images; ++image) {
    std::vector<double> attention;
    for (int64_t cell = 0; cell < cells; ++cell)
      attention.push_back(sigmoid(
          10 * dot(&clip[(image * cells + cell) * given.clip_channels], given.text.data(), given.clip_channels)));
    for (int64_t y = 0; y < given.h; ++y)
      for (int64_t x = 0; x < given.w; ++x)
        weights[(image * given.h + y) * given.w + x] *=
            bilinear(attention.data(), given.clip_h, given.clip_w, (y + 0.5) * given.clip_h / given.h - 0.5,
                     (x + 0.5) * given.clip_w / given.w - 0.5);
  }
}
}  // namespace

RecoAnswer reco(const RecoCase &given) {
  const int64_t per_image = given.h * given.w, rows = given.images * per_image, channels = given.channels;
  const auto unit = unit_rows(given.features, channels);
  RecoAnswer answer{std::vector<double>(rows, 1), std::vector<double>(rows, 0), {}, std::vector<double>(channels, 0)};
  if (!given.clip.empty()) guide(given, answer.weights);
  for (size_t context = 0; context < given.contexts.size(); context += channels)
    for (int64_t p = 0; p < rows; ++p)
      answer.weights[p] *= 1 - sigmoid(dot(&unit[p * channels], &given.contexts[context], channels));

  std::vector<double> matrix(rows * rows);
  for (int64_t p = 0; p < rows; ++p)
    for (int64_t q = 0; q < rows; ++q)
      matrix[p * rows + q] = dot(&unit[p * channels], &unit[q * channels], channels) * answer.weights[q];
  for (int64_t n = 0; n < given.images; ++n) {
    const int64_t start = n * per_image, end = start + per_image;
    const int64_t stop = given.official ? std::min(start + end, rows) : end;
    for (int64_t p = 0; p < rows; ++p)
      answer.support[p] += *std::max_element(&matrix[p * rows + start], &matrix[p * rows] + stop);
  }
  for (double &support : answer.support) support /= static_cast<double>(given.images);

  const double heaviest = *std::max_element(answer.weights.begin(), answer.weights.end());
  for (int64_t image = 0; image < given.images; ++image) {
    const auto *own = &answer.support[image * per_image];
    const double least = *std::max_element(own, own + per_image) - 1e-12 * heaviest;
    const int64_t seed = std::find_if(own, own + per_image, [&](double support) { return support >= least; }) - own;
    answer.seeds.push_back(seed);
    for (int64_t c = 0; c < channels; ++c)
      answer.embedding[c] +=
          given.features[(image * per_image + seed) * channels + c] / static_cast<double>(given.images);
  }
  answer.embedding = unit_rows(answer.embedding, channels);
  return answer;
}

}  // namespace wordmask_ref

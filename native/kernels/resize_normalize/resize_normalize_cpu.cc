// Bound: the bytes under the window are read once and 12 bytes a pixel written; between them H * w * tx + h * w * ty
// integer multiply-adds for a window [h, w] under which H rows lie, tx and ty being the taps a column and a row. A
// float composition reads and writes the whole resized image three times more; Pillow makes what the crop throws away.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/resize_normalize/passes.h"
#include "kernels/resize_normalize/taps.h"

namespace wordmask::kernels {

namespace {
using resize::kChannels;
using resize::kRowsTogether;
using Table = std::array<std::array<float, 256>, 3>;  // what each byte of a channel becomes

Table byte_table(at::ArrayRef<double> mean, at::ArrayRef<double> std) {
  Table table;
  for (int c = 0; c < 3; ++c) {
    for (int value = 0; value < 256; ++value) {
      table[c][value] = (static_cast<float>(value) / 255.0f - static_cast<float>(mean[c])) / static_cast<float>(std[c]);
    }
  }
  return table;
}

struct Job {
  const uint8_t* image;
  int64_t height, width;  // of the image
  std::shared_ptr<const resize::Taps> columns, rows;
  float* out;
};

// Rows of the input, resized across, in a ring that holds as many as one row of the result looks at.
class Ring {
 public:
  Ring(const Job& job, int64_t out_width)
      : job_(job),
        bytes_((job.columns->end - job.columns->begin) * 3),
        pitch_(bytes_ + job.columns->stride * 3 + resize::kOverread),
        width_(resize::padded(out_width * kChannels)),
        slots_(*std::ranges::max_element(job.rows->length) + kRowsTogether),
        lines_(pitch_ * kRowsTogether),
        ring_(slots_ * width_),
        spare_(width_) {}

  int64_t bytes() const { return width_; }
  const uint8_t* row(int64_t y) const { return ring_.data() + y % slots_ * width_; }

  // Makes the rows begin .. end - 1, of which those already made are kept.
  void advance(int64_t begin, int64_t end) {
    next_ = std::max(next_, begin);
    while (next_ < end) {
      uint8_t* out[kRowsTogether];
      for (int64_t r = 0; r < kRowsTogether; ++r) {
        const int64_t y = next_ + r;
        out[r] = y < job_.height ? ring_.data() + y % slots_ * width_ : spare_.data();
        if (y >= job_.height) continue;
        // A copy: a pass may read kOverread bytes beyond the row, which the image's last row does not have.
        std::memcpy(lines_.data() + r * pitch_, job_.image + (y * job_.width + job_.columns->begin) * 3, bytes_);
      }
      resize::across(lines_.data(), pitch_, *job_.columns, out);
      next_ += kRowsTogether;
    }
  }

 private:
  const Job& job_;
  int64_t bytes_, pitch_, width_, slots_;
  std::vector<uint8_t> lines_, ring_, spare_;
  int64_t next_ = 0;
};

void run(const Job& job, const Table& table, int64_t height, int64_t width, int64_t begin, int64_t end) {
  Ring ring(job, width);
  const auto& taps = *job.rows;
  std::vector<const uint8_t*> rows(taps.stride);
  std::vector<uint8_t> line(ring.bytes());
  for (int64_t y = begin; y < end; ++y) {
    const int64_t first = taps.first[y], length = taps.length[y];
    ring.advance(first, first + length);
    for (int64_t t = 0; t < length; ++t) rows[t] = ring.row(first + t);
    resize::down(rows.data(), taps.weight.data() + y * taps.stride, length, ring.bytes(), line.data());
    for (int c = 0; c < 3; ++c) {
      float* out = job.out + (c * height + y) * width;
      for (int64_t x = 0; x < width; ++x) out[x] = table[c][line[x * kChannels + c]];
    }
  }
}

at::Tensor resize_normalize_cpu(at::TensorList images, at::IntArrayRef frames, int64_t height, int64_t width,
                                int64_t filter, at::ArrayRef<double> mean, at::ArrayRef<double> std) {
  const auto n = static_cast<int64_t>(images.size());
  auto result = at::empty({n, 3, height, width}, at::kFloat);
  if (height == 0 || width == 0) return result;
  const auto table = byte_table(mean, std);
  std::vector<at::Tensor> held;
  std::vector<Job> jobs;
  for (int64_t i = 0; i < n; ++i) {
    const auto& image = held.emplace_back(images[i].contiguous());
    const auto* frame = frames.data() + 4 * i;
    const auto f = static_cast<Filter>(filter);
    jobs.push_back({image.const_data_ptr<uint8_t>(), image.size(0), image.size(1),
                    resize::taps({image.size(1), frame[0], frame[2], width, f}),
                    resize::taps({image.size(0), frame[1], frame[3], height, f}),
                    result.mutable_data_ptr<float>() + i * 3 * height * width});
  }
  // Fewer images than threads: each is cut into bands, whose shared rows at the seams are made twice.
  const int64_t bands = std::min(height, (at::get_num_threads() + n - 1) / n);
  at::parallel_for(0, n * bands, /*grain_size=*/1, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const int64_t band = i % bands;
      run(jobs[i / bands], table, height, width, height * band / bands, height * (band + 1) / bands);
    }
  });
  return result;
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) { m.impl("resize_normalize", &resize_normalize_cpu); }

}  // namespace wordmask::kernels

// Bound: both label maps are read once. Counting one place at a time costs a read, an addition and a write that wait
// for each other where neighbours count in the same cell, as they mostly do in label maps: so places alike are counted
// together, sixteen at a glance.
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/error.h"

namespace wordmask::kernels {

namespace {
constexpr int64_t kGlance = 16;
constexpr int64_t kGrain = 1 << 16;  // places below which a thread is not worth its table

// Whether the kGlance values from `at` on all equal the first; no branch inside, so that it becomes vectors.
template <class T>
bool alike(const T* at) {
  T differs = 0;
  for (int64_t i = 1; i < kGlance; ++i) differs = static_cast<T>(differs | (at[i] ^ at[0]));
  return differs == 0;
}

// Counts places begin .. end - 1; returns the first whose label is out of range, or `end`.
template <class T, class P>
int64_t count(const T* truth, const P* prediction, int64_t begin, int64_t end, int64_t classes, int64_t ignore,
              int64_t* table) {
  const auto many = static_cast<uint64_t>(classes);
  for (int64_t at = begin; at < end;) {
    const bool together = at + kGlance <= end && alike(truth + at) && alike(prediction + at);
    const int64_t stop = together ? at + 1 : std::min(at + kGlance, end);
    const int64_t times = together ? kGlance : 1;
    for (int64_t i = at; i < stop; ++i) {
      const auto t = static_cast<int64_t>(truth[i]), p = static_cast<int64_t>(prediction[i]);
      if (t == ignore) continue;
      if (static_cast<uint64_t>(t) >= many || static_cast<uint64_t>(p) >= many) return i;
      table[t * classes + p] += times;
    }
    at += together ? kGlance : stop - at;
  }
  return end;
}

template <class T, class P>
at::Tensor typed(const at::Tensor& truth, const at::Tensor& prediction, int64_t classes, int64_t ignore) {
  const auto* t = truth.const_data_ptr<T>();
  const auto* p = prediction.const_data_ptr<P>();
  const int64_t places = truth.numel(), cells = classes * classes;
  auto result = at::zeros({classes, classes}, at::kLong);
  auto* table = result.mutable_data_ptr<int64_t>();
  std::atomic<int64_t> wrong = places;
  const auto note = [&](int64_t at) {
    for (int64_t seen = wrong; at < seen && !wrong.compare_exchange_weak(seen, at);) {
    }
  };
  // A table a thread: one as large as the maps would cost more than it saves.
  const int64_t grain = std::max(kGrain, 4 * cells);
  at::parallel_for(0, places, grain, [&](int64_t begin, int64_t end) {
    if (end - begin == places) {
      if (const auto at = count(t, p, begin, end, classes, ignore, table); at < end) note(at);
      return;
    }
    std::vector<int64_t> own(cells);
    if (const auto at = count(t, p, begin, end, classes, ignore, own.data()); at < end) note(at);
    for (int64_t i = 0; i < cells; ++i) {
      if (own[i]) std::atomic_ref(table[i]).fetch_add(own[i], std::memory_order_relaxed);
    }
  });
  const int64_t at = wrong;
  WM_CHECK(at == places, code::kInvalidArgument, "Expected labels from 0 to ", classes - 1, " or truth == ignore (",
           ignore, ") but received truth ", static_cast<int64_t>(t[at]), " and prediction ",
           static_cast<int64_t>(p[at]), " at place ", at);
  return result;
}

template <class T>
at::Tensor with_prediction(const at::Tensor& truth, const at::Tensor& prediction, int64_t classes, int64_t ignore) {
  switch (prediction.scalar_type()) {
    case at::kByte:
      return typed<T, uint8_t>(truth, prediction, classes, ignore);
    case at::kUInt16:
      return typed<T, uint16_t>(truth, prediction, classes, ignore);
    case at::kInt:
      return typed<T, int32_t>(truth, prediction, classes, ignore);
    default:
      return typed<T, int64_t>(truth, prediction, classes, ignore);
  }
}

at::Tensor confusion_cpu(const at::Tensor& given_truth, const at::Tensor& given_prediction, int64_t classes,
                         int64_t ignore) {
  const auto truth = given_truth.contiguous(), prediction = given_prediction.contiguous();
  switch (truth.scalar_type()) {
    case at::kByte:
      return with_prediction<uint8_t>(truth, prediction, classes, ignore);
    case at::kUInt16:
      return with_prediction<uint16_t>(truth, prediction, classes, ignore);
    case at::kInt:
      return with_prediction<int32_t>(truth, prediction, classes, ignore);
    default:
      return with_prediction<int64_t>(truth, prediction, classes, ignore);
  }
}
}  // namespace

TORCH_LIBRARY_IMPL(wordmask, CPU, m) { m.impl("confusion", &confusion_cpu); }

}  // namespace wordmask::kernels

#include "kernels/confusion/confusion.h"

#include <ATen/ops/full.h>

#include <algorithm>

#include "base/error.h"
#include "check/cases/case.h"
#include "kernels/confusion/confusion_ref.h"

namespace wordmask::check {
namespace {

struct Shape {
  int64_t places, classes, ignore;
  at::ScalarType truth = at::kLong, prediction = at::kLong;
};

at::Tensor labels(const Shape& s, at::ScalarType dtype, uint64_t seed) {
  return uniform({s.places}, seed).add(1).mul(0.5 * static_cast<double>(s.classes)).floor().to(at::kLong).to(dtype);
}

Verdict against_reference(const Shape& s, uint64_t seed, c10::Device device) {
  const auto truth = labels(s, s.truth, seed), prediction = labels(s, s.prediction, seed + 1);
  const auto table = kernels::confusion(truth.to(device), prediction.to(device), s.classes, s.ignore).cpu();
  const auto whole = [](const at::Tensor& tensor) {
    const auto all = tensor.to(at::kLong);
    return std::vector<int64_t>(all.const_data_ptr<int64_t>(), all.const_data_ptr<int64_t>() + all.numel());
  };
  return whole(table.flatten()) == wordmask_ref::confusion(whole(truth), whole(prediction), s.classes, s.ignore) ? 0
                                                                                                                 : 2;
}

// The first of several wrong labels is named; those under an ignored truth are none.
Verdict wrong_label(c10::Device device) {
  auto truth = at::full({1000}, 1, at::kLong), prediction = at::full({1000}, 2, at::kLong);
  truth.select(0, 3).fill_(255), prediction.select(0, 3).fill_(-1);
  prediction.select(0, 700).fill_(9), prediction.select(0, 611).fill_(3);
  try {
    kernels::confusion(truth.to(device), prediction.to(device), 3, 255);
  } catch (const Error& error) {
    return error.code() == code::kInvalidArgument && std::string(error.what()).ends_with("prediction 3 at place 611")
               ? 0
               : 2;
  }
  return 2;
}

std::vector<Case> cases() {
  const Shape shapes[] = {{0, 3, 255},
                          {1, 1, -1},
                          {1000, 19, 3, at::kByte, at::kByte},
                          {20000, 90, 255, at::kUInt16, at::kInt},
                          {20000, 91, 5, at::kInt, at::kUInt16},
                          {3000, 150, -7, at::kLong, at::kByte}};
  std::vector<Case> table;
  uint64_t seed = 400;
  for (const auto& s : shapes) {
    const auto name = named("places=%ld classes=%ld ignore=%ld %s %s seed=%lu", s.places, s.classes, s.ignore,
                            c10::toString(s.truth), c10::toString(s.prediction), seed);
    table.push_back({name, [=](c10::Device device) { return against_reference(s, seed, device); }});
    seed += 2;
  }
  table.push_back({"a wrong label", wrong_label});
  return table;
}

const CaseTable kTable{"confusion", cases};

}  // namespace
}  // namespace wordmask::check

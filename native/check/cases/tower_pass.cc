// Graphs, copies in turn and passes under way, put together as pipeline/tower_pass.h does it, on a device that is none.
#include "pipeline/tower_pass.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "check/cases/fakes.h"

namespace wordmask::check {
namespace {

using pipeline::Staging;
using pipeline::TowerPass;

at::Tensor work(const at::Tensor& x) { return x.flatten(1).cumsum(1); }

// Work that the device is given waits for its input: here it runs at once, so inputs come at once. Answers come late.
struct Setting {
  FakeRecorder recorder;
  std::shared_ptr<LateCopies::Log> up = std::make_shared<LateCopies::Log>(), down = std::make_shared<LateCopies::Log>();
  TowerPass pass{
      at::kCPU, at::kFloat,
      std::make_unique<Staging>(std::make_unique<LateCopies>(up, /*late=*/false), std::make_unique<LateCopies>(down)),
      &recorder};
};

void batches_in_order() {
  const c10::InferenceMode guard;
  Setting setting;
  auto& pass = setting.pass;
  expect(pass.ahead() == 1, "one pass under way while the next is prepared");
  std::deque<TowerPass::Answers> under_way;
  uint64_t taken = 0;
  const auto take = [&] {
    const auto right = work(uniform({3, 2, 4}, taken++));
    expect(under_way.front().take().equal(right), named("the answer to batch %d", static_cast<int>(taken) - 1));
    under_way.pop_front();
  };
  for (uint64_t i = 0; i < 20; ++i) {
    under_way.push_back(pass.start(0, uniform({3, 2, 4}, i), work));
    if (under_way.size() > pass.ahead()) take();
  }
  while (!under_way.empty()) take();
  const auto counts = pass.graphs()->counts();
  expect(counts.plain == 3 && counts.recorded == 1 && counts.replayed == 17, "3 plain passes, 17 from the graph");
  expect(setting.up->disturbed + setting.down->disturbed == 0, "no buffer written while its copy is under way");
}

void windows_are_not_recorded() {
  const c10::InferenceMode guard;
  Setting setting;
  for (uint64_t i = 0; i < 9; ++i) {
    const auto input = uniform({1, 5}, i);
    expect(setting.pass(0, input, work, /*recordable=*/false).equal(work(input)), "the answer");
  }
  const auto counts = setting.pass.graphs()->counts();
  expect(counts.plain + counts.recorded == 0, "passes that the graphs never hear of");
}

void half_precision_comes_as_float() {
  const c10::InferenceMode guard;
  Setting setting;
  const auto rounded = [](const at::Tensor& x) { return work(x).to(at::kBFloat16); };
  const auto input = uniform({2, 3}, 1);
  for (int i = 0; i < 6; ++i) {
    const auto found = setting.pass(0, input, rounded);
    expect(found.scalar_type() == at::kFloat && found.equal(rounded(input).to(at::kFloat)), "float32, rounded once");
  }
}

void nan_is_no_answer() {
  const c10::InferenceMode guard;
  Setting setting;
  try {
    setting.pass(0, at::full({1, 2}, NAN), work);
  } catch (const Error& error) {
    expect(error.code() == code::kInternal && std::string(error.what()).find("NaN") != std::string::npos, "NaN named");
    return;
  }
  expect(false, "an error");
}

void without_recorder() {
  const c10::InferenceMode guard;
  TowerPass pass(at::kCPU, at::kFloat);
  expect(pass.graphs() == nullptr && pass.ahead() == 0, "no graphs and nothing under way on the CPU");
  for (uint64_t i = 0; i < 6; ++i) expect(pass(0, uniform({2, 2}, i), work).equal(work(uniform({2, 2}, i))), "answers");
}

std::vector<Case> cases() {
  return {holds("batches one ahead of their answers", batches_in_order),
          holds("what is said to change its size is never recorded", windows_are_not_recorded),
          holds("answers in bfloat16 come as float32", half_precision_comes_as_float),
          holds("NaN is an error", nan_is_no_answer), holds("the CPU has neither graphs nor copies", without_recorder)};
}

const CaseTable kTable{"tower_pass", cases};

}  // namespace
}  // namespace wordmask::check

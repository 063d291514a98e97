// libwordmask_cuda.so's recorder, where that library is open; it needs no GPU to refuse what is not on one.
#include <ATen/ops/ones.h>

#include "base/cuda.h"
#include "check/cases/fakes.h"

namespace wordmask::check {
namespace {

void refuses_the_cpu() {
  auto* recorder = cuda_graph_recorder();
  expect(recorder != nullptr, "a recorder");
  expect(recorder == cuda_graph_recorder(), "one recorder");
  try {
    recorder->record(at::ones({2}), [](const at::Tensor& x) { return x; });
  } catch (const Error& error) {
    expect(error.code() == code::kDevice &&
               std::string(error.what()) == "Expected input on a CUDA device for a graph but it is on cpu",
           std::string("a word about the device, not: ") + error.what());
    return;
  }
  expect(false, "an error");
}

std::vector<Case> cases() {
  std::vector<Case> table;
  if (cuda_graph_recorder() != nullptr)
    table.push_back(holds("the recorder refuses what is on the CPU", refuses_the_cpu));
  return table;
}

const CaseTable kTable{"cuda_graph", cases};

}  // namespace
}  // namespace wordmask::check

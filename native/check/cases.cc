// wordmask_check cases: every kernel case on a device against its float64 reference on the CPU, without Node.
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdio>

#include "base/device.h"
#include "base/error.h"
#include "check/cases/case.h"
#include "check/command.h"
#include "check/open_cuda.h"

namespace wordmask::check {
namespace {

struct Counts {
  int passed = 0, failed = 0;
};

void judge(const std::string& name, const Case& item, c10::Device device, Counts& counts) {
  std::string words;
  bool passed = false;
  try {
    const Verdict verdict = item.run(device);
    passed = verdict <= 1;
    char text[64];
    std::snprintf(text, sizeof(text), "%.3g of what is allowed", verdict);
    words = text;
  } catch (const std::exception& error) {
    words = error.what();
  }
  ++(passed ? counts.passed : counts.failed);
  std::printf("%s %s: %s\n", passed ? "ok  " : "FAIL", name.c_str(), words.c_str());
  std::fflush(stdout);
}

// A kernel that forgets the current stream or its device reads what is not written yet: seen on a stream of its own.
void judge_on_streams(const std::string& name, const Case& item, c10::Device device, Counts& counts) {
  judge(name, item, device, counts);
  if (!device.is_cuda()) return;
  const c10::impl::VirtualGuardImpl streams(device.type());
  const c10::StreamGuard guard(streams.getStreamFromGlobalPool(device));
  judge(name + " (on another stream)", item, device, counts);
}

int run(const std::vector<std::string>& list) {
  const Options arguments(list, {"device", "op", "huge", "kernels", "cuda"});
  const std::string text = arguments.text("device", "cpu"), only = arguments.text("op", "");
  if (text != "cpu") open_cuda(cuda_library());
  if (arguments.has("kernels")) open(arguments.text("kernels", ""));
  if (arguments.has("cuda")) open_kernels(arguments.text("cuda", ""));
  const c10::Device device = parse_device(text);
  WM_CHECK(only.empty() || CaseTable::all().count(only), code::kInvalidArgument, "no cases of an op '", only, "'");
  Counts counts;
  for (const auto& [op, make] : CaseTable::all()) {
    if (!only.empty() && op != only) continue;
    for (const auto& item : make())
      if (item.huge == (arguments.text("huge", "no") == "yes"))
        judge_on_streams(op + " " + item.name, item, device, counts);
  }
  std::printf("%s: %d passed, %d failed\n", device.str().c_str(), counts.passed, counts.failed);
  return counts.failed == 0 ? 0 : 1;
}

const Command kCases{"cases",
                     "[--device cpu|cuda|cuda:N] [--op NAME] [--huge yes] [--kernels LIBRARY] [--cuda "
                     "libwordmask_cuda.so]: kernels against "
                     "references",
                     run};

}  // namespace
}  // namespace wordmask::check

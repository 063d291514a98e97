// wordmask_check ops: the operators of the dispatcher's namespace wordmask and the devices that have a kernel of each.
#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdio>
#include <set>

#include "check/command.h"
#include "check/open_cuda.h"

namespace wordmask::check {
namespace {

std::set<std::string> registered(c10::DispatchKey key) {
  std::set<std::string> names;
  for (const auto& op : c10::Dispatcher::singleton().getRegistrationsForDispatchKey(key))
    if (op.name.rfind("wordmask::", 0) == 0) names.insert(op.name.substr(10));
  return names;
}

int run(const std::vector<std::string>& list) {
  const Options arguments(list, {"cuda"});
  if (arguments.has("cuda")) open_kernels(arguments.text("cuda", ""));
  const auto cpu = registered(c10::DispatchKey::CPU), cuda = registered(c10::DispatchKey::CUDA);
  std::set<std::string> all = cpu;
  all.insert(cuda.begin(), cuda.end());
  for (const auto& name : all)
    std::printf("%s%s%s\n", name.c_str(), cpu.count(name) ? " cpu" : "", cuda.count(name) ? " cuda" : "");
  return 0;
}

const Command kOps{"ops", "[--cuda libwordmask_cuda.so]: operators and the devices they run on", run};

}  // namespace
}  // namespace wordmask::check

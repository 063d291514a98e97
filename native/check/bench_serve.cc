// One side of one case as a process of its own: requests and answers are those of test/bench/harness/protocol.mjs.
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/system.h"
#include "check/bench.h"

namespace wordmask::check {
namespace {
using nlohmann::json;

constexpr int64_t kShown = 4096;  // values of a result that are sent for comparison

void answer(const json& message) { std::cout << message.dump() << std::endl; }

json measured_memory() {
  const auto [resident, peak] = memory();
  return {{"event", "memory"}, {"resident", resident}, {"peak", peak}};
}

json turn(const std::function<at::Tensor()>& run, double seconds, int64_t at_least) {
  std::vector<double> samples;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  for (const auto began = now(); static_cast<int64_t>(samples.size()) < at_least ||
                                 std::chrono::duration<double>(now() - began).count() < seconds;) {
    const auto start = now();
    finish(run());
    samples.push_back(std::chrono::duration<double>(now() - start).count());
  }
  return {{"event", "turn"}, {"samples", samples}};
}

// Evenly spaced values of the flattened result: i * n / count for i < count.
json output(const at::Tensor& result) {
  const auto flat = result.reshape({-1}).cpu();
  const int64_t n = flat.numel(), count = std::min(n, kShown);
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(flat[i * n / count].item<double>());
  return {{"event", "output"}, {"values", values}, {"shape", result.sizes().vec()}};
}

}  // namespace

int serve(const BenchOp& op, const Parameters& parameters, bool plain) {
  c10::InferenceMode guard;
  const auto prepared = op.prepare(parameters, plain);
  const auto& run = plain ? prepared.plain : prepared.ours;
  const auto system = system_info();
  answer({{"event", "ready"},
          {"versions", {{"LibTorch", system.torch}, {"wordmask", system.build}}},
          {"threads", at::get_num_threads()},
          {"note", plain ? prepared.note : ""},
          {"bytes", prepared.bytes},
          {"flops", prepared.flops}});
  for (std::string line; std::getline(std::cin, line);) {
    const auto request = json::parse(line);
    const std::string what = request.at("do");
    if (what == "stop") break;
    if (what == "turn") {
      answer(turn(run, request.at("seconds"), request.at("atLeast")));
    } else if (what == "output") {
      answer(output(run()));
    } else if (what == "memory") {
      answer(measured_memory());
      if (request.value("reset", false)) reset_peak();
    } else {
      fail(code::kInvalidArgument, "Expected turn, output, memory or stop but received '", what, "'");
    }
  }
  return 0;
}

}  // namespace wordmask::check

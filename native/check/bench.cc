// wordmask_check bench: ours against the plain composition of the same op, in one process, A/B/A.
#include "check/bench.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/system.h"
#include "check/command.h"

namespace wordmask::check {
namespace {
using nlohmann::json;
using Values = std::map<std::string, std::string>;

struct Figures {
  double median = 0;
  double spread = 0;  // half the interquartile range over the median
};

double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const auto high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

Figures figures(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double median = quantile(values, .5);
  return {median, (quantile(values, .75) - quantile(values, .25)) / 2 / median};
}

// The median of calls that fill `seconds`.
double turn(const std::function<at::Tensor()>& run, double seconds) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  std::vector<double> samples;
  for (const auto began = now(); samples.empty() || std::chrono::duration<double>(now() - began).count() < seconds;) {
    const auto start = now();
    finish(run());
    samples.push_back(std::chrono::duration<double>(now() - start).count());
  }
  return figures(samples).median;
}

json measure(const BenchOp& op, const Parameters& parameters, int64_t rounds, double seconds) {
  const auto prepared = op.prepare(parameters, /*plain=*/true);
  turn(prepared.ours, seconds);
  turn(prepared.plain, 0);
  std::vector<double> ours{turn(prepared.ours, seconds)}, plain, ratios;
  for (int64_t i = 0; i < rounds; ++i) {
    plain.push_back(turn(prepared.plain, seconds));
    ours.push_back(turn(prepared.ours, seconds));
    ratios.push_back(plain.back() / ((ours[i] + ours[i + 1]) / 2));
  }
  const auto mine = figures(ours), theirs = figures(plain), ratio = figures(ratios);
  return {{"op", op.name},
          {"case", parameters.text()},
          {"ours", {{"seconds", mine.median}, {"spread", mine.spread}}},
          {"plain", {{"seconds", theirs.median}, {"spread", theirs.spread}, {"note", prepared.note}}},
          {"ratio", {{"median", ratio.median}, {"spread", ratio.spread}}},
          {"gigabytesPerSecond", prepared.bytes / mine.median / 1e9},
          {"gigaflops", prepared.flops / mine.median / 1e9}};
}

void print(const json& row) {
  const auto number = [&](const char* side, const char* key) { return row[side][key].get<double>(); };
  std::printf("%-18s %-44s %9.3f ms ±%2.0f%%  plain %9.3f ms ±%2.0f%%  x%.2f ±%2.0f%%  %.1f GB/s %.1f GFLOP/s\n",
              row["op"].get<std::string>().c_str(), row["case"].get<std::string>().c_str(),
              number("ours", "seconds") * 1e3, number("ours", "spread") * 100, number("plain", "seconds") * 1e3,
              number("plain", "spread") * 100, number("ratio", "median"), number("ratio", "spread") * 100,
              row["gigabytesPerSecond"].get<double>(), row["gigaflops"].get<double>());
  std::fflush(stdout);
}

std::vector<const BenchOp*> chosen(const std::vector<std::string>& names) {
  std::vector<const BenchOp*> ops;
  for (const auto& name : names) {
    const auto found = bench_ops().find(name);
    std::string known;
    for (const auto& [op, unused] : bench_ops()) known += (known.empty() ? "" : ", ") + op;
    WM_CHECK(found != bench_ops().end(), code::kInvalidArgument, "Expected one of ", known, " but received '", name,
             "'");
    ops.push_back(found->second);
  }
  if (ops.empty())
    for (const auto& [name, op] : bench_ops()) ops.push_back(op);
  return ops;
}

Values settings(const Options& options) {
  Values values;
  for (const auto& text : options.all("set")) {
    const auto equals = text.find('=');
    WM_CHECK(equals != std::string::npos && equals > 0, code::kInvalidArgument,
             "Expected NAME=VALUE after --set but received '", text, "'");
    values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return values;
}

// One JSON object a listed case, with every parameter: nothing is measured.
void list(const BenchOp& op) {
  for (const auto& values : op.cases)
    std::printf("%s\n", json{{"op", op.name}, {"case", Parameters(op.defaults, values).text()}}.dump().c_str());
}

int run(const std::vector<std::string>& given) {
  std::vector<std::string> ops, rest;
  bool as_json = false, only_list = false;
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] == "--json") {
      as_json = true;
    } else if (given[i] == "--list") {
      only_list = true;
    } else if (given[i].rfind("--", 0) == 0) {
      rest.push_back(given[i]);
      if (i + 1 < given.size()) rest.push_back(given[++i]);
    } else {
      ops.push_back(given[i]);
    }
  }
  const Options options(rest, {"set", "serve", "threads", "rounds", "milliseconds"});
  if (options.has("threads")) at::set_num_threads(static_cast<int>(options.integer("threads", 1)));
  const auto values = settings(options);
  const auto listed = chosen(ops);
  WM_CHECK(listed.size() == 1 || (values.empty() && !options.has("serve")), code::kInvalidArgument,
           "Expected one op with --set or --serve but received ", listed.size());
  if (options.has("serve")) {
    const auto side = options.text("serve", "");
    WM_CHECK(side == "ours" || side == "plain", code::kInvalidArgument,
             "Expected ours or plain after --serve but received '", side, "'");
    return serve(*listed[0], Parameters(listed[0]->defaults, values), side == "plain");
  }
  const c10::InferenceMode guard;
  for (const auto* op : listed) {
    if (only_list) {
      list(*op);
      continue;
    }
    for (const auto& item : values.empty() ? op->cases : std::vector<Values>{values}) {
      const auto row = measure(*op, Parameters(op->defaults, item), options.integer("rounds", 5),
                               static_cast<double>(options.integer("milliseconds", 500)) / 1e3);
      if (as_json) {
        std::printf("%s\n", row.dump().c_str());
      } else {
        print(row);
      }
    }
  }
  return 0;
}

const Command kBench{"bench",
                     "[OP ...] [--list] [--json] [--set NAME=VALUE]... [--threads N] [--rounds 5] [--milliseconds 500] "
                     "[--serve ours|plain]: ops against their plain composition",
                     run};

}  // namespace
}  // namespace wordmask::check

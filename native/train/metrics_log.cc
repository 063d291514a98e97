#include "train/metrics_log.h"

#include <sys/resource.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wordmask::train {

MetricsLog::MetricsLog(const std::string& file, int64_t from) {
  std::string kept;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.is_discarded() && entry.contains("step") && entry.value("step", int64_t{0}) <= from) kept += line + "\n";
  }
  out_.open(file, std::ios::trunc);
  out_ << kept << std::flush;
  WM_CHECK(out_.good(), code::kIo, "Cannot write ", file);
}

void MetricsLog::write(const std::string& line) { out_ << line << std::endl; }

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

}  // namespace wordmask::train

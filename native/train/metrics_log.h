#pragma once
#include <cstdint>
#include <fstream>
#include <string>

namespace wordmask::train {

// metrics.jsonl: one JSON object a line, each with a "step"; lines beyond the step that is resumed from are dropped, so
// that no step stands twice.
class MetricsLog {
 public:
  MetricsLog(const std::string& file, int64_t from);
  void write(const std::string& line);

 private:
  std::ofstream out_;
};

double now();          // seconds of a clock that never goes back
double cpu_seconds();  // of this process: user and system, all threads

}  // namespace wordmask::train

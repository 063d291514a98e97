#pragma once
#include <ATen/core/Tensor.h>

#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace wordmask::check {

// How far a result is from its float64 reference, in units of what rounding allows: at most 1 passes, NaN does not.
using Verdict = double;

struct Case {
  std::string name;  // its parameters, as `wordmask_check cases` prints them
  std::function<Verdict(c10::Device)> run;
  bool huge = false;  // more than 2^31 items, tens of gigabytes: only with --huge yes
};

// The cases of one op, the same on every device. A file of native/check/cases registers its own:
// `const CaseTable kTable{"label_map", cases};`
struct CaseTable {
  using Make = std::vector<Case> (*)();
  CaseTable(const std::string& op, Make make) { all()[op] = make; }
  static std::map<std::string, Make>& all() {
    static std::map<std::string, Make> tables;
    return tables;
  }
};

// float32 in [-1, 1), the same on every machine.
at::Tensor uniform(const std::vector<int64_t>& shape, uint64_t seed);

// The same values behind strides of another order.
at::Tensor strided(const at::Tensor& tensor);

std::vector<double> doubles(const at::Tensor& tensor);

// "h=3 w=5 classes=7"
template <class... Values>
std::string named(const char* text, Values... values) {
  char line[200];
  std::snprintf(line, sizeof(line), text, values...);
  return line;
}

}  // namespace wordmask::check

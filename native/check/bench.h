#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace wordmask::check {

// Sizes and types of one case by name, as `--set classes=171` gives them.
class Parameters {
 public:
  // `given` over `defaults`; a name that has no default is ERR_WORDMASK_INVALID_ARGUMENT with the names there are.
  Parameters(std::map<std::string, std::string> defaults, const std::map<std::string, std::string>& given);
  int64_t integer(const std::string& name) const;       // >= 1
  at::ScalarType dtype(const std::string& name) const;  // float32, float16, bfloat16
  c10::Device device() const;                           // of the parameter "device": cpu, cuda, cuda:1
  std::string text() const;                             // "classes=171 grid=32 side=512"

 private:
  std::map<std::string, std::string> values_;
};

// Ours and the plain composition of it on the same inputs. Each call gives a result that can be compared.
struct Prepared {
  std::function<at::Tensor()> ours, plain;
  std::string note;             // of the plain side: which of its forms was the fastest
  double bytes = 0, flops = 0;  // what one call must move and compute, however it is done
};

// Makes the inputs. Without `plain` that side is left empty: choosing its fastest form takes time and memory.
using Prepare = Prepared (*)(const Parameters&, bool plain);

// One measured op. A file bench_<op>.cc of native/check registers its own.
struct BenchOp {
  BenchOp(std::string name, std::map<std::string, std::string> defaults,
          std::vector<std::map<std::string, std::string>> cases, Prepare prepare);
  std::string name;
  std::map<std::string, std::string> defaults;
  std::vector<std::map<std::string, std::string>> cases;  // run when none is asked for; {} is the defaults
  Prepare prepare;
};

const std::map<std::string, const BenchOp*>& bench_ops();

// Numbers in [-.5, .5) on the CPU that test/bench/data.mjs and test/bench/peers/data.py draw alike: element i of
// `seed`.
at::Tensor uniform(at::IntArrayRef sizes, uint32_t seed, at::ScalarType dtype = at::kFloat);
// A picture of noise, uint8 [height, width, 3], from the same numbers.
at::Tensor picture(int64_t height, int64_t width, uint32_t seed);

// Until the work that `result` comes from is done: a CUDA call returns before.
void finish(const at::Tensor& result);

// The fastest of several forms of the same thing, each run once to warm up and once timed; `note` says which.
std::function<at::Tensor()> fastest(const std::vector<std::pair<std::string, std::function<at::Tensor()>>>& forms,
                                    std::string& note);

// Answers requests on standard input, one JSON object a line (test/bench/harness/protocol.mjs), until it ends.
int serve(const BenchOp& op, const Parameters& parameters, bool plain);

struct Memory {
  int64_t resident = 0, peak = 0;  // bytes; the peak since the last reset
};
Memory memory();
void reset_peak();

}  // namespace wordmask::check

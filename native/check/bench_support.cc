#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <fstream>

#include "base/device.h"
#include "base/error.h"
#include "check/bench.h"

namespace wordmask::check {
namespace {

std::map<std::string, const BenchOp*>& table() {
  static std::map<std::string, const BenchOp*> ops;
  return ops;
}

std::string names_of(const std::map<std::string, std::string>& values) {
  std::string text;
  for (const auto& [name, value] : values) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// A 32-bit mixing function: multiplications and shifts that numpy and Math.imul have as well.
uint32_t mix(uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

}  // namespace

BenchOp::BenchOp(std::string op, std::map<std::string, std::string> values,
                 std::vector<std::map<std::string, std::string>> listed, Prepare function)
    : name(std::move(op)), defaults(std::move(values)), cases(std::move(listed)), prepare(function) {
  table()[name] = this;
}

const std::map<std::string, const BenchOp*>& bench_ops() { return table(); }

Parameters::Parameters(std::map<std::string, std::string> defaults, const std::map<std::string, std::string>& given)
    : values_(std::move(defaults)) {
  for (const auto& [name, value] : given) {
    WM_CHECK(values_.count(name), code::kInvalidArgument, "Expected one of ", names_of(values_), " but received '",
             name, "'");
    values_[name] = value;
  }
}

int64_t Parameters::integer(const std::string& name) const {
  const auto& value = values_.at(name);
  const bool digits = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos && value.size() < 16;
  const int64_t number = digits ? std::stoll(value) : 0;
  WM_CHECK(number >= 1, code::kInvalidArgument, "Expected a whole number >= 1 for ", name, " but received '", value,
           "'");
  return number;
}

at::ScalarType Parameters::dtype(const std::string& name) const {
  const auto& value = values_.at(name);
  if (value == "float32") return at::kFloat;
  if (value == "float16") return at::kHalf;
  if (value == "bfloat16") return at::kBFloat16;
  fail(code::kInvalidArgument, "Expected float32, float16 or bfloat16 for ", name, " but received '", value, "'");
}

std::string Parameters::text() const {
  std::string text;
  for (const auto& [name, value] : values_) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

c10::Device Parameters::device() const { return parse_device(values_.at("device")); }

namespace {
template <class T>
void fill(at::Tensor& tensor, uint32_t offset) {
  auto* out = tensor.mutable_data_ptr<T>();
  at::parallel_for(0, tensor.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint32_t bits = mix(static_cast<uint32_t>(i) + offset) >> 8;
      out[i] = static_cast<T>(static_cast<float>(bits) * 0x1p-24f - 0.5f);
    }
  });
}
}  // namespace

at::Tensor uniform(at::IntArrayRef sizes, uint32_t seed, at::ScalarType dtype) {
  auto tensor = at::empty(sizes, dtype);
  const uint32_t offset = mix(seed);
  if (dtype == at::kHalf) {
    fill<at::Half>(tensor, offset);
  } else if (dtype == at::kBFloat16) {
    fill<at::BFloat16>(tensor, offset);
  } else {
    fill<float>(tensor, offset);
  }
  return tensor;
}

at::Tensor picture(int64_t height, int64_t width, uint32_t seed) {
  return uniform({height, width, 3}, seed).add_(0.5).mul_(256).floor_().to(at::kByte);
}

void finish(const at::Tensor& result) {
  if (!result.is_cpu()) c10::impl::VirtualGuardImpl(result.device().type()).synchronizeDevice(result.get_device());
}

std::function<at::Tensor()> fastest(const std::vector<std::pair<std::string, std::function<at::Tensor()>>>& forms,
                                    std::string& note) {
  double best = 0;
  std::function<at::Tensor()> chosen;
  for (const auto& [name, form] : forms) {
    finish(form());
    const auto began = std::chrono::steady_clock::now();
    finish(form());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (!chosen || seconds < best) best = seconds, chosen = form, note = name;
  }
  return chosen;
}

Memory memory() {
  std::ifstream status("/proc/self/status");
  Memory result;
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> result.resident;
    if (word == "VmHWM:") status >> result.peak;
  }
  return {result.resident * 1024, result.peak * 1024};
}

void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace wordmask::check

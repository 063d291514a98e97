// wordmask_check COMMAND [ARGUMENT ...]: kernel cases, benchmarks, scenes and training where there is no Node.
// Exit codes: 0 done, 1 failed (one line on stderr: code and message), 2 wrong usage, 130 interrupted.
#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "base/error.h"
#include "base/kept_memory.h"
#include "check/command.h"

namespace wordmask::check {
namespace {

std::map<std::string, const Command*>& commands() {
  static std::map<std::string, const Command*> table;
  return table;
}

int usage() {
  std::fputs("usage: wordmask_check COMMAND [ARGUMENT ...]\n", stderr);
  for (const auto& [name, command] : commands())
    std::fprintf(stderr, "  %-10s %s\n", name.c_str(), command->help.c_str());
  return 2;
}

int dispatch(int argc, char** argv) {
  const auto found = argc < 2 ? commands().end() : commands().find(argv[1]);
  if (found == commands().end()) return usage();
  keep_memory();
  const KeepsMemory here;
  try {
    return found->second->run({argv + 2, argv + argc});
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.code().c_str(), error.what());
    return error.code() == code::kAborted ? 130 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", code::kInternal, error.what());
    return 1;
  }
}

}  // namespace

Command::Command(std::string command, std::string text, Run function)
    : name(std::move(command)), help(std::move(text)), run(function) {
  commands()[name] = this;
}

Options::Options(const std::vector<std::string>& arguments, const std::vector<std::string>& known) {
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    WM_CHECK(name.rfind("--", 0) == 0 && std::count(known.begin(), known.end(), name.substr(2)), code::kInvalidArgument,
             "unknown option '", name, "'");
    WM_CHECK(i + 1 < arguments.size(), code::kInvalidArgument, "expected a value after ", name);
    values_[name.substr(2)].push_back(arguments[i + 1]);
  }
}

std::string Options::text(const std::string& name, const std::string& fallback) const {
  return has(name) ? values_.at(name).back() : fallback;
}

std::vector<std::string> Options::all(const std::string& name) const {
  return has(name) ? values_.at(name) : std::vector<std::string>{};
}

int64_t Options::integer(const std::string& name, int64_t fallback) const {
  if (!has(name)) return fallback;
  const std::string value = text(name, "");
  size_t read = 0;
  int64_t number = 0;
  try {
    number = std::stoll(value, &read);
  } catch (const std::logic_error&) {  // not a number, or too large: `read` stays 0
  }
  WM_CHECK(read && read == value.size(), code::kInvalidArgument, "expected an integer after --", name,
           " but received '", value, "'");
  return number;
}

}  // namespace wordmask::check

int main(int argc, char** argv) { return wordmask::check::dispatch(argc, argv); }

#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace wordmask::check {

// One sub-command of wordmask_check. A file of native/check registers its own: `const Command kScenes{"scenes", "...",
// run};`
struct Command {
  using Run = int (*)(const std::vector<std::string>& arguments);
  Command(std::string name, std::string help, Run run);
  std::string name;
  std::string help;  // its options, one line
  Run run;
};

// `--name value` pairs; a name may come several times. Anything else is ERR_WORDMASK_INVALID_ARGUMENT.
class Options {
 public:
  Options(const std::vector<std::string>& arguments, const std::vector<std::string>& known);
  bool has(const std::string& name) const { return values_.count(name) != 0; }
  std::string text(const std::string& name, const std::string& fallback) const;
  int64_t integer(const std::string& name, int64_t fallback) const;
  std::vector<std::string> all(const std::string& name) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace wordmask::check

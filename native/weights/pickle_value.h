#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace wordmask::weights {

// What a pickle says, as inert data: a call is a node with the callable's name and its arguments, and is never made.
struct Value {
  enum class Kind : uint8_t {
    kNone,
    kBool,        // integer
    kInt,         // integer
    kBigInt,      // text: little-endian two's complement
    kFloat,       // number
    kString,      // text (UTF-8, or the raw bytes of a Python 2 str)
    kBytes,       // text
    kList,        // items; sets too
    kTuple,       // items
    kDict,        // items: key, value, key, value ...; OrderedDict too
    kGlobal,      // text: "module name"
    kCall,        // items: callable, arguments; the object that REDUCE, NEWOBJ or INST would make
    kPersistent,  // items: the id; a storage that lies outside the pickle
  };
  Kind kind = Kind::kNone;
  union {
    int64_t integer = 0;
    double number;
  };
  std::string_view text;
  std::vector<Value*> items;
  Value* state = nullptr;  // argument of BUILD

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_text() const { return kind == Kind::kString || kind == Kind::kBytes; }
  // Whether this is a call of the global "module name".
  bool calls(std::string_view global) const {
    return kind == Kind::kCall && items[0]->kind == Kind::kGlobal && items[0]->text == global;
  }
  const std::vector<Value*>& arguments() const { return items[1]->items; }
  // Last value under a string key of a dict, or null.
  const Value* find(std::string_view key) const;
};

// Owns the values of one pickle: cycles are harmless and freeing needs no recursion. Texts are views into the file or
// into strings kept here.
class PickleTree {
 public:
  static constexpr size_t kMaxValues = 4'000'000;

  // ERR_WORDMASK_CHECKPOINT beyond kMaxValues.
  Value* make(Value::Kind kind);
  std::string_view keep(std::string text) { return strings_.emplace_back(std::move(text)); }
  const std::deque<Value>& values() const { return values_; }

 private:
  std::deque<Value> values_;
  std::deque<std::string> strings_;
};

}  // namespace wordmask::weights

#pragma once
#include <unordered_map>
#include <vector>

#include "weights/byte_cursor.h"
#include "weights/pickle_value.h"

namespace wordmask::weights {

// The stack, marks and memo of the pickle machine, all bounded; every misuse is ERR_WORDMASK_CHECKPOINT.
class PickleStack {
 public:
  static constexpr size_t kMaxDepth = 1'000'000;

  explicit PickleStack(const ByteCursor& in) : in_(in) {}

  void push(Value* value) {
    check(stack_.size() < kMaxDepth, "stack overflow");
    stack_.push_back(value);
  }
  // A mark hides what lies below it.
  Value* top() const {
    check(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "empty stack");
    return stack_.back();
  }
  Value* pop() {
    Value* value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<Value*> pop(size_t count) {
    std::vector<Value*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  void mark() {
    check(marks_.size() < kMaxDepth, "stack overflow");
    marks_.push_back(stack_.size());
  }
  std::vector<Value*> pop_mark() {
    check(!marks_.empty(), "no mark");
    const auto begin = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
    std::vector<Value*> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }
  // POP takes a bare mark away as well.
  void drop() {
    if (!marks_.empty() && marks_.back() == stack_.size()) {
      marks_.pop_back();
    } else {
      pop();
    }
  }

  void memoize() { store(memo_.size()); }
  void store(uint64_t index) {
    check(memo_.size() < PickleTree::kMaxValues, "memo overflow");
    memo_[index] = top();
  }
  Value* recall(uint64_t index) const {
    const auto found = memo_.find(index);
    check(found != memo_.end(), "memo entry that was never stored");
    return found->second;
  }

  void check(bool valid, const char* what) const {
    WM_CHECK(valid, code::kCheckpoint, in_.path(), " is a damaged pickle: ", what, " at byte ", in_.position());
  }

 private:
  const ByteCursor& in_;
  std::vector<Value*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Value*> memo_;
};

}  // namespace wordmask::weights

#include "weights/pickle_value.h"

#include "base/error.h"

namespace wordmask::weights {

const Value* Value::find(std::string_view key) const {
  if (kind != Kind::kDict) return nullptr;
  for (size_t i = items.size(); i >= 2; i -= 2) {
    if (items[i - 2]->kind == Kind::kString && items[i - 2]->text == key) return items[i - 1];
  }
  return nullptr;
}

Value* PickleTree::make(Value::Kind kind) {
  WM_CHECK(values_.size() < kMaxValues, code::kCheckpoint, "A pickle with more than ", kMaxValues,
           " values is not a checkpoint");
  Value& value = values_.emplace_back();
  value.kind = kind;
  return &value;
}

}  // namespace wordmask::weights

#include "weights/state_dict.h"

#include <charconv>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "weights/pickle_text.h"

namespace wordmask::weights {
namespace {

using Kind = Value::Kind;
constexpr int kMaxDepth = 64;
constexpr size_t kMaxVisits = 1'000'000;  // a small pickle can describe an endless tree by sharing
constexpr size_t kMaxText = 1000;
constexpr size_t kMaxNames = 64 << 20;  // bytes of all keys and scalar texts

bool is_array(const Value& value) { return is_torch_tensor(value) || is_numpy_array(value); }

// A number or text as text; empty optional for everything else.
std::optional<std::string> scalar_text(const Value& value) {
  char buffer[32];
  switch (value.kind) {
    case Kind::kBool:
      return value.integer ? "true" : "false";
    case Kind::kInt:
      return std::to_string(value.integer);
    case Kind::kFloat: {
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, value.number).ptr;
      return std::string(buffer, end);
    }
    case Kind::kString:
      if (value.text.size() > kMaxText) return std::nullopt;
      return std::string(value.text);
    default:
      return std::nullopt;
  }
}

// State dict keys are strings; optimiser states and the like use whole numbers.
std::string key_text(const Value& key, const std::string& path) {
  const auto text = scalar_text(key);
  WM_CHECK(text.has_value() && is_utf8(*text), code::kCheckpoint, path,
           " has an entry whose name is neither UTF-8 text nor a number");
  return *text;
}

class Flattener {
 public:
  Flattener(PickleTree& tree, const std::string& path) : tree_(tree), path_(path) {}

  void visit(const std::string& key, const Value& value, int depth) {
    names_ += key.size();
    WM_CHECK(++visits_ <= kMaxVisits && depth <= kMaxDepth && names_ <= kMaxNames, code::kCheckpoint, path_,
             " describes an endless tree near '", key.substr(0, 200), "'");
    if (is_array(value)) return add(key, value);
    if (const Value* members = children(value)) {
      for (size_t i = 0; i + 1 < members->items.size(); i += 2) {
        const std::string name = key_text(*members->items[i], path_);
        visit(key.empty() ? name : key + "." + name, *members->items[i + 1], depth + 1);
      }
    } else if (const auto text = scalar_text(value)) {
      names_ += text->size();
      result_.metadata[key] = *text;
    }
  }

  StateDict finish() { return std::move(result_); }

 private:
  // Dicts, and the attributes of module objects.
  static const Value* children(const Value& value) {
    if (value.is(Kind::kDict)) return &value;
    const bool bag = value.is(Kind::kCall) && value.items[0]->text.starts_with("__torch__") && value.state != nullptr;
    return bag && value.state->is(Kind::kDict) ? value.state : nullptr;
  }

  void add(const std::string& key, const Value& value) {
    StoredArray array =
        is_torch_tensor(value) ? torch_tensor(value, key, path_) : numpy_array(value, tree_, key, path_);
    const auto [slot, fresh] = index_.emplace(key, result_.tensors.size());
    if (fresh) {
      result_.tensors.emplace_back(key, std::move(array));
    } else {
      result_.tensors[slot->second].second = std::move(array);  // as a Python dict: the last one counts
    }
  }

  PickleTree& tree_;
  const std::string& path_;
  size_t visits_ = 0;
  size_t names_ = 0;
  StateDict result_;
  std::unordered_map<std::string, size_t> index_;
};

bool holds_arrays(const Value& dict) {
  for (size_t i = 1; i < dict.items.size(); i += 2) {
    if (is_array(*dict.items[i])) return true;
  }
  return false;
}

std::string names_of(const Value& root) {
  if (!root.is(Kind::kDict)) return "no dict";
  std::string names;
  for (size_t i = 0; i < root.items.size() && i < 40; i += 2) {
    const auto name = scalar_text(*root.items[i]);
    names += (names.empty() ? "" : ", ") + name.value_or("?");
  }
  return names.empty() ? "an empty dict" : names;
}

// Scalars beside the state dict (epoch, arch), and one level down (args.lr).
void collect_metadata(const Value& root, const Value* skip, std::map<std::string, std::string>& metadata) {
  for (size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const auto name = scalar_text(*root.items[i]);
    const Value* value = root.items[i + 1];
    if (!name || value == skip) continue;
    if (const auto text = scalar_text(*value)) metadata.emplace(*name, *text);
    const Value* members = value->calls("argparse Namespace") ? value->state : value;
    if (members == nullptr || !members->is(Kind::kDict) || members->items.size() > 400) continue;
    for (size_t j = 0; j + 1 < members->items.size(); j += 2) {
      const auto member = scalar_text(*members->items[j]);
      const auto text = scalar_text(*members->items[j + 1]);
      if (member && text) metadata.emplace(*name + "." + *member, *text);
    }
  }
}

}  // namespace

StateDict state_dict_of_pickle(const Value& root, PickleTree& tree, const std::string& path) {
  const Value* found = nullptr;
  for (const char* container : {"state_dict", "model", "module", "teacher"}) {
    const Value* inner = root.find(container);
    if (found == nullptr && inner != nullptr && inner->is(Kind::kDict) && holds_arrays(*inner)) found = inner;
  }
  if (found == nullptr && root.is(Kind::kDict) && holds_arrays(root)) found = &root;
  WM_CHECK(found != nullptr, code::kCheckpoint,
           "Expected a state dict, or one under state_dict, model, module or teacher, in ", path, " but it holds ",
           names_of(root));
  Flattener flattener(tree, path);
  flattener.visit("", *found, 0);
  StateDict result = flattener.finish();
  if (found != &root) collect_metadata(root, found, result.metadata);
  return result;
}

StateDict state_dict_of_module(const Value& root, PickleTree& tree, const std::string& path) {
  const bool module = root.is(Kind::kCall) && root.items[0]->text.starts_with("__torch__") && root.state != nullptr;
  WM_CHECK(module, code::kCheckpoint, "Expected a TorchScript module in ", path);
  Flattener flattener(tree, path);
  flattener.visit("", root, 0);
  StateDict result = flattener.finish();
  std::erase_if(result.metadata,
                [](const auto& item) { return item.first == "training" || item.first.ends_with(".training"); });
  return result;
}

}  // namespace wordmask::weights

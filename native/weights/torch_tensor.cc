#include <optional>

#include "base/error.h"
#include "weights/stored_array.h"

namespace wordmask::weights {
namespace {

using Kind = Value::Kind;

constexpr std::string_view kRebuild[] = {"torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2",
                                         "torch._utils _rebuild_tensor_v3"};
constexpr std::string_view kParameter[] = {"torch._utils _rebuild_parameter",
                                           "torch._utils _rebuild_parameter_with_state"};
constexpr std::string_view kSubclass = "torch._tensor _rebuild_from_type_v2";
constexpr int kMaxWrapping = 8;

template <size_t N>
bool calls_any(const Value& value, const std::string_view (&names)[N]) {
  for (const std::string_view name : names) {
    if (value.calls(name)) return true;
  }
  return false;
}

// A parameter or subclass wraps the arguments of a plain tensor; -> callable and arguments of that one.
struct Rebuild {
  std::string_view callable;
  const std::vector<Value*>* arguments = nullptr;
};

std::optional<Rebuild> unwrap(const Value& value) {
  const Value* inner = &value;
  for (int depth = 0; depth < kMaxWrapping; ++depth) {
    if (calls_any(*inner, kRebuild)) return Rebuild{inner->items[0]->text, &inner->arguments()};
    if (calls_any(*inner, kParameter) && !inner->arguments().empty()) {
      inner = inner->arguments()[0];
    } else if (inner->calls(kSubclass) && inner->arguments().size() >= 3 && inner->arguments()[0]->is(Kind::kGlobal) &&
               inner->arguments()[2]->is(Kind::kTuple)) {
      const std::string_view callable = inner->arguments()[0]->text;
      for (const std::string_view name : kRebuild) {
        if (callable == name) return Rebuild{name, &inner->arguments()[2]->items};
      }
      if (callable != kParameter[0] || inner->arguments()[2]->items.empty()) return std::nullopt;
      inner = inner->arguments()[2]->items[0];
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// Tuple or torch.Size of whole numbers.
std::vector<int64_t> whole_numbers(const Value* value) {
  if (value->calls("torch Size") && value->arguments().size() == 1) value = value->arguments()[0];
  WM_CHECK(value->is(Kind::kTuple) || value->is(Kind::kList), code::kCheckpoint, "expected a tuple of sizes");
  std::vector<int64_t> numbers;
  for (const Value* item : value->items) {
    WM_CHECK(item->is(Kind::kInt), code::kCheckpoint, "expected whole numbers as sizes");
    numbers.push_back(item->integer);
  }
  return numbers;
}

std::optional<DType> dtype_of_name(std::string_view global) {
  constexpr std::pair<std::string_view, DType> kNames[] = {
      {"torch float64", DType::kFloat64},   {"torch float32", DType::kFloat32}, {"torch float16", DType::kFloat16},
      {"torch bfloat16", DType::kBFloat16}, {"torch int64", DType::kInt64},     {"torch int32", DType::kInt32},
      {"torch int16", DType::kInt16},       {"torch int8", DType::kInt8},       {"torch uint8", DType::kUInt8},
      {"torch bool", DType::kBool}};
  for (const auto& [name, dtype] : kNames) {
    if (global == name) return dtype;
  }
  return std::nullopt;
}

StoredArray read_tensor(const Rebuild& rebuild) {
  const std::vector<Value*>& arguments = *rebuild.arguments;
  WM_CHECK(arguments.size() >= 4 && arguments[1]->is(Kind::kInt), code::kCheckpoint, "malformed arguments");
  StoredArray array;
  const StorageId storage = storage_id(*arguments[0]);
  array.dtype = storage.dtype;
  array.storage = storage.key;
  array.storage_bytes = storage.bytes;
  array.offset = arguments[1]->integer;
  array.shape = whole_numbers(arguments[2]);
  array.strides = whole_numbers(arguments[3]);
  if (rebuild.callable == kRebuild[2]) {
    WM_CHECK(arguments.size() >= 7 && arguments[6]->is(Kind::kGlobal), code::kCheckpoint, "malformed arguments");
    const auto dtype = dtype_of_name(arguments[6]->text);
    WM_CHECK(dtype.has_value(), code::kCheckpoint, "dtype '", arguments[6]->text, "' is not supported");
    array.dtype = *dtype;
  }
  return array;
}

}  // namespace

StorageId storage_id(const Value& persistent) {
  WM_CHECK(persistent.is(Kind::kPersistent) && persistent.items[0]->is(Kind::kTuple), code::kCheckpoint,
           "expected a storage");
  const std::vector<Value*>& id = persistent.items[0]->items;
  const bool shape = id.size() >= 5 && id[0]->is(Kind::kString) && id[0]->text == "storage" &&
                     id[1]->is(Kind::kGlobal) && id[2]->is(Kind::kString) && !id[2]->text.empty() &&
                     id[4]->is(Kind::kInt) && id[4]->integer >= 0;
  WM_CHECK(shape, code::kCheckpoint, "a malformed storage id");
  WM_CHECK(id.size() < 6 || id[5]->is(Kind::kNone), code::kCheckpoint,
           "a storage that is a view of another is not supported");
  const std::string_view type = id[1]->text;
  StorageId storage{std::string(id[2]->text), dtype_of_storage(type.substr(type.find(' ') + 1)).value_or(DType::kUInt8),
                    0};
  WM_CHECK(!__builtin_mul_overflow(static_cast<uint64_t>(id[4]->integer), size_of(storage.dtype), &storage.bytes),
           code::kCheckpoint, "a storage larger than 64 bits can say");
  return storage;
}

bool is_torch_tensor(const Value& value) { return unwrap(value).has_value(); }

StoredArray torch_tensor(const Value& value, const std::string& key, const std::string& path) {
  StoredArray array;
  try {
    const auto rebuild = unwrap(value);
    WM_CHECK(rebuild.has_value(), code::kCheckpoint, "expected a tensor");
    array = read_tensor(*rebuild);
  } catch (const Error& error) {
    fail(code::kCheckpoint, "Tensor '", key, "' of ", path, ": ", error.what());
  }
  check_layout(array, key, path);
  return array;
}

}  // namespace wordmask::weights

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "weights/pickle_text.h"
#include "weights/stored_array.h"

namespace wordmask::weights {
namespace {

using Kind = Value::Kind;

bool calls_numpy(const Value& value, std::string_view module, std::string_view name) {
  const std::string tail = "." + std::string(module) + " " + std::string(name);
  return value.calls("numpy.core" + tail) || value.calls("numpy._core" + tail);
}

std::string text_of(const Value* value) {
  WM_CHECK(value->is_text(), code::kCheckpoint, "expected a text");
  return std::string(value->text);
}

// numpy.dtype('f4', align, copy) with state (version, byte order, ...)
DType numpy_dtype(const Value& value) {
  WM_CHECK(value.calls("numpy dtype") && !value.arguments().empty(), code::kCheckpoint, "expected a numpy dtype");
  std::string name = text_of(value.arguments()[0]);
  std::string order = "<";
  if (value.state != nullptr && value.state->is(Kind::kTuple) && value.state->items.size() >= 2) {
    order = text_of(value.state->items[1]);
  }
  if (!name.empty() && std::string_view("<>=|").find(name[0]) != std::string_view::npos) {
    order = name[0];
    name.erase(0, 1);
  }
  constexpr std::pair<std::string_view, DType> kNames[] = {
      {"f8", DType::kFloat64}, {"f4", DType::kFloat32}, {"f2", DType::kFloat16},
      {"i8", DType::kInt64},   {"i4", DType::kInt32},   {"i2", DType::kInt16},
      {"i1", DType::kInt8},    {"u1", DType::kUInt8},   {"b1", DType::kBool}};
  for (const auto& [known, dtype] : kNames) {
    if (name == known) {
      WM_CHECK(order != ">" || size_of(dtype) == 1, code::kCheckpoint, "big-endian numpy data is not supported");
      return dtype;
    }
  }
  fail(code::kCheckpoint, "numpy dtype '", name, "' is not supported");
}

// bytes, a Python 2 str, or _codecs.encode(text, 'latin1'), which is how Python 3 writes bytes in protocol 2
Bytes raw_bytes(const Value* value, PickleTree& tree) {
  std::string_view text = value->text;
  if (value->calls("_codecs encode")) {
    const std::vector<Value*>& arguments = value->arguments();
    WM_CHECK(arguments.size() == 2 && arguments[0]->is(Kind::kString), code::kCheckpoint, "malformed array data");
    const std::string encoding = text_of(arguments[1]);
    WM_CHECK(encoding == "latin1" || encoding == "latin-1", code::kCheckpoint, "array data in encoding '", encoding,
             "'");
    text = tree.keep(decode_latin1(arguments[0]->text));
  } else {
    const bool empty = value->calls("builtins bytes") || value->calls("__builtin__ bytes");
    WM_CHECK(value->is_text() || (empty && value->arguments().empty()), code::kCheckpoint,
             "expected array data as bytes");
  }
  return Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::vector<int64_t> sizes_of(const Value* value) {
  WM_CHECK(value->is(Kind::kTuple), code::kCheckpoint, "expected a tuple of sizes");
  std::vector<int64_t> sizes;
  for (const Value* item : value->items) {
    WM_CHECK(item->is(Kind::kInt), code::kCheckpoint, "expected whole numbers as sizes");
    sizes.push_back(item->integer);
  }
  return sizes;
}

// Dense strides, C or Fortran order. Sizes are checked afterwards, so the products may wrap but not trap.
void set_strides(StoredArray& array, bool fortran) {
  const size_t rank = array.shape.size();
  array.strides.assign(rank, 1);
  uint64_t step = 1;
  for (size_t i = 0; i < rank; ++i) {
    const size_t axis = fortran ? i : rank - 1 - i;
    array.strides[axis] = static_cast<int64_t>(step);
    step *= static_cast<uint64_t>(array.shape[axis]);
  }
}

StoredArray read_array(const Value& value, PickleTree& tree) {
  StoredArray array;
  bool fortran = false;
  const std::vector<Value*>& arguments = value.arguments();
  if (calls_numpy(value, "multiarray", "scalar")) {
    WM_CHECK(arguments.size() == 2, code::kCheckpoint, "a malformed numpy scalar");
    array.dtype = numpy_dtype(*arguments[0]);
    array.inline_bytes = raw_bytes(arguments[1], tree);
  } else if (calls_numpy(value, "numeric", "_frombuffer")) {
    WM_CHECK(arguments.size() == 4, code::kCheckpoint, "a malformed numpy buffer");
    array.inline_bytes = raw_bytes(arguments[0], tree);
    array.dtype = numpy_dtype(*arguments[1]);
    array.shape = sizes_of(arguments[2]);
    fortran = text_of(arguments[3]) == "F";
  } else {
    const bool state = value.state != nullptr && value.state->is(Kind::kTuple) && value.state->items.size() == 5;
    WM_CHECK(state, code::kCheckpoint, "a numpy array without data");
    const std::vector<Value*>& parts = value.state->items;  // version, shape, dtype, fortran, data
    array.shape = sizes_of(parts[1]);
    array.dtype = numpy_dtype(*parts[2]);
    fortran = (parts[3]->is(Kind::kBool) || parts[3]->is(Kind::kInt)) && parts[3]->integer != 0;
    array.inline_bytes = raw_bytes(parts[4], tree);
  }
  set_strides(array, fortran);
  array.storage_bytes = array.inline_bytes.size();
  return array;
}

}  // namespace

bool is_numpy_array(const Value& value) {
  return value.is(Kind::kCall) &&
         (calls_numpy(value, "multiarray", "_reconstruct") || calls_numpy(value, "multiarray", "scalar") ||
          calls_numpy(value, "numeric", "_frombuffer"));
}

StoredArray numpy_array(const Value& value, PickleTree& tree, const std::string& key, const std::string& path) {
  StoredArray array;
  try {
    array = read_array(value, tree);
  } catch (const Error& error) {
    fail(code::kCheckpoint, "Array '", key, "' of ", path, ": ", error.what());
  }
  check_layout(array, key, path);
  const bool exact = static_cast<uint64_t>(array.numel) * size_of(array.dtype) == array.storage_bytes;
  WM_CHECK(exact, code::kCheckpoint, "Array '", key, "' of ", path, " has ", array.storage_bytes,
           " bytes but its shape and dtype need ", array.numel * static_cast<int64_t>(size_of(array.dtype)));
  return array;
}

}  // namespace wordmask::weights

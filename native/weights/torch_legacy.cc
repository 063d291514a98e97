#include <algorithm>

#include "weights/pickled_checkpoint.h"
#include "weights/reader.h"
#include "weights/unpickler.h"

namespace wordmask::weights {
namespace {

constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t kProtocol = 1001;

bool is_magic(const Value& value) { return value.is(Value::Kind::kBigInt) && value.text == kMagic; }

// After the magic number: protocol, system info, the object, the list of storage keys, then per key its number of
// elements (int64) and its data.
void read_legacy(ByteCursor& in, PickleTree& tree, PickledCheckpoint::Parts& parts) {
  const Value& protocol = *unpickle(tree, in);
  WM_CHECK(protocol.is(Value::Kind::kInt) && protocol.integer == kProtocol, code::kCheckpoint, parts.path,
           " has an unknown version of torch's legacy format; expected ", kProtocol);
  const Value& system = *unpickle(tree, in);
  const Value* little = system.find("little_endian");
  WM_CHECK(little == nullptr || little->integer != 0, code::kCheckpoint, parts.path,
           " was written on a big-endian machine");
  parts.state = state_dict_of_pickle(*unpickle(tree, in), tree, parts.path);

  std::unordered_map<std::string, size_t> element;  // bytes an element, by storage
  for (const Value& value : tree.values()) {
    if (!value.is(Value::Kind::kPersistent)) continue;
    const StorageId storage = storage_id(value);
    element.emplace(storage.key, size_of(storage.dtype));
  }
  const Value& keys = *unpickle(tree, in);
  WM_CHECK(keys.is(Value::Kind::kList), code::kCheckpoint, parts.path, " has no list of storages");
  for (const Value* key : keys.items) {
    WM_CHECK(key->is(Value::Kind::kString), code::kCheckpoint, parts.path, " has a storage without a name");
    const std::string name(key->text);
    const auto known = element.find(name);
    const int64_t count = in.read<int64_t>();
    uint64_t bytes = 0;
    const bool sane = known != element.end() && count >= 0 &&
                      !__builtin_mul_overflow(static_cast<uint64_t>(count), known->second, &bytes);
    WM_CHECK(sane, code::kCheckpoint, parts.path, " has a damaged storage '", name, "'");
    const std::string_view data = in.take(bytes);
    const Bytes found(reinterpret_cast<const uint8_t*>(data.data()), data.size());
    parts.storages.emplace(name, PickledCheckpoint::Storage{found});
  }
}

}  // namespace

std::shared_ptr<Checkpoint> open_pickle(MappedFilePtr file) {
  PickledCheckpoint::Parts parts;
  parts.path = file->path();
  auto tree = std::make_shared<PickleTree>();
  ByteCursor in(file->bytes(), parts.path);
  const Value& first = *unpickle(*tree, in);
  if (is_magic(first)) {
    parts.format = "torch-legacy";
    read_legacy(in, *tree, parts);
  } else {
    parts.format = "detectron2-pickle";
    parts.state = state_dict_of_pickle(first, *tree, parts.path);
  }
  parts.keep = {file, tree};
  return std::make_shared<PickledCheckpoint>(std::move(parts));
}

}  // namespace wordmask::weights

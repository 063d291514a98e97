#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "weights/crc32.h"
#include "weights/pickled_checkpoint.h"
#include "weights/reader.h"
#include "weights/unpickler.h"

namespace wordmask::weights {
namespace {

using caffe2::serialize::PyTorchStreamReader;
using caffe2::serialize::ReadAdapterInterface;

constexpr uint64_t kMaxPickle = 256u << 20;
constexpr uint64_t kMaxInflation = 1032;  // deflate cannot do more

class MappedAdapter final : public ReadAdapterInterface {
 public:
  explicit MappedAdapter(MappedFilePtr file) : file_(std::move(file)) {}
  size_t size() const override { return file_->bytes().size(); }
  size_t read(uint64_t position, void* buffer, size_t count, const char*) const override {
    const Bytes bytes = file_->bytes();
    if (position >= bytes.size()) return 0;
    count = std::min<size_t>(count, bytes.size() - position);
    std::memcpy(buffer, bytes.data() + position, count);
    return count;
  }

 private:
  MappedFilePtr file_;
};

class Archive {
 public:
  explicit Archive(MappedFilePtr file) : file_(std::move(file)), reader_(std::make_shared<MappedAdapter>(file_)) {}

  bool has(const std::string& name) { return reader_.hasRecord(name); }

  // Stored records alias the map; deflated ones are unpacked and kept in `keep`. LibTorch's reader compares no
  // checksums: the caller does, when it first needs the bytes.
  PickledCheckpoint::Storage storage(const std::string& name, std::vector<std::shared_ptr<const void>>& keep,
                                     uint64_t limit = ~uint64_t{0}) {
    const uint64_t size = reader_.getRecordSize(name);
    const Bytes bytes = file_->bytes();
    WM_CHECK(size <= limit && size / kMaxInflation <= bytes.size(), code::kCheckpoint, "Record '", name, "' of ",
             file_->path(), " claims ", size, " bytes");
    const Bytes header = local_header(name);
    const uint32_t stated = number(header, 14);
    if (header[8] == 0 && header[9] == 0) {  // compression method
      const uint64_t offset = reader_.getRecordOffset(name);
      WM_CHECK(offset <= bytes.size() && size <= bytes.size() - offset, code::kCheckpoint, "Record '", name, "' of ",
               file_->path(), " reaches beyond the end of the file: truncated or damaged");
      return {bytes.subspan(offset, size), (header[6] & 8) != 0 ? described_crc(offset + size) : stated};
    }
    auto [data, length] = reader_.getRecord(name);
    const auto* begin = static_cast<const uint8_t*>(data.get());
    keep.push_back(std::make_shared<at::DataPtr>(std::move(data)));
    return {Bytes(begin, length), stated};
  }

  // A small record, checked at once.
  Bytes record(const std::string& name, std::vector<std::shared_ptr<const void>>& keep, uint64_t limit) {
    const auto found = storage(name, keep, limit);
    found.check(name, file_->path());
    return found.bytes;
  }

 private:
  Bytes local_header(const std::string& name) {
    const uint64_t header = reader_.getRecordHeaderOffset(name);
    const Bytes bytes = file_->bytes();
    WM_CHECK(header <= bytes.size() && bytes.size() - header >= 30, code::kCheckpoint, "Record '", name, "' of ",
             file_->path(), " has no header: truncated or damaged");
    return bytes.subspan(header, 30);
  }

  // torch.save writes the checksum behind the data; 0 where no such descriptor is.
  uint32_t described_crc(uint64_t end) const {
    const Bytes bytes = file_->bytes();
    if (bytes.size() - end < 8 || number(bytes.subspan(end), 0) != 0x08074b50) return 0;
    return number(bytes.subspan(end), 4);
  }

  static uint32_t number(Bytes bytes, size_t at) {
    uint32_t value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }

  MappedFilePtr file_;
  PyTorchStreamReader reader_;
};

// OpenAI's archives hold three sizes as tensors beside the weights.
void move_sizes_to_metadata(PickledCheckpoint::Parts& parts) {
  const std::set<std::string> names = {"input_resolution", "context_length", "vocab_size"};
  std::erase_if(parts.state.tensors, [&](const auto& item) {
    const auto& [key, array] = item;
    if (!names.contains(key) || array.numel != 1) return false;
    const auto storage = parts.storages.find(array.storage);
    if (storage == parts.storages.end()) return false;
    storage->second.check("data/" + array.storage, parts.path);
    const at::Tensor value = view_of(array, storage->second.bytes, nullptr);
    parts.state.metadata[key] = std::to_string(value.to(at::kLong).item<int64_t>());
    return true;
  });
}

std::shared_ptr<Checkpoint> open_archive(const MappedFilePtr& file) {
  const std::string& path = file->path();
  Archive archive(file);
  PickledCheckpoint::Parts parts;
  parts.path = path;
  parts.keep.push_back(file);
  WM_CHECK(archive.has("data.pkl"), code::kCheckpoint, path,
           " is a zip without data.pkl: not written by torch.save or torch.jit.save");
  if (archive.has("byteorder")) {
    const Bytes order = archive.record("byteorder", parts.keep, 16);
    const std::string text(order.begin(), order.end());
    WM_CHECK(text == "little", code::kCheckpoint, path, " was written with byte order '", text,
             "'; only little is supported");
  }
  const bool script = archive.has("constants.pkl");
  parts.format = script ? "torchscript" : "torch-zip";

  auto tree = std::make_shared<PickleTree>();
  ByteCursor cursor(archive.record("data.pkl", parts.keep, kMaxPickle), path);
  const Value& root = *unpickle(*tree, cursor);
  const bool module = script && !root.is(Value::Kind::kDict);
  parts.state = module ? state_dict_of_module(root, *tree, path) : state_dict_of_pickle(root, *tree, path);
  for (const auto& [key, array] : parts.state.tensors) {
    if (array.storage.empty() || parts.storages.contains(array.storage)) continue;
    const std::string name = "data/" + array.storage;
    if (archive.has(name)) parts.storages.emplace(array.storage, archive.storage(name, parts.keep));
  }
  if (script) move_sizes_to_metadata(parts);
  parts.keep.push_back(tree);
  return std::make_shared<PickledCheckpoint>(std::move(parts));
}

}  // namespace

std::shared_ptr<Checkpoint> open_torch_zip(MappedFilePtr file) {
  try {
    return open_archive(file);
  } catch (const c10::Error& error) {
    fail(code::kCheckpoint, "Cannot read the zip ", file->path(), ": truncated or damaged (",
         error.what_without_backtrace(), ")");
  }
}

}  // namespace wordmask::weights

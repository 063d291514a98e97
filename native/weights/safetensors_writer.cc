#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "weights/atomic_file.h"
#include "weights/checkpoint.h"
#include "weights/dtype_torch.h"
#include "weights/safetensors_header.h"

namespace wordmask::weights {
namespace {

DType stored_dtype(const NamedTensor& item) {
  WM_CHECK(item.tensor.defined(), code::kInvalidArgument, "Tensor '", item.key, "' is undefined");
  const auto dtype = dtype_of(item.tensor.scalar_type());
  WM_CHECK(dtype.has_value(), code::kInvalidArgument, "Tensor '", item.key,
           "' has a dtype that safetensors cannot store: ", c10::toString(item.tensor.scalar_type()));
  return *dtype;
}

}  // namespace

void write_safetensors(const std::string& file, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<const NamedTensor*> order;
  std::set<std::string> names;
  for (const NamedTensor& item : tensors) {
    WM_CHECK(item.key != "__metadata__" && names.insert(item.key).second, code::kInvalidArgument, "Tensor name '",
             item.key, "' is taken");
    order.push_back(&item);
  }
  // Widest elements first keeps every tensor aligned; the order is a function of the content alone.
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    const size_t x = size_of(stored_dtype(*a)), y = size_of(stored_dtype(*b));
    return x != y ? x > y : a->key < b->key;
  });

  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  header["__metadata__"]["format"] = "pt";
  header["__metadata__"][kFormatVersionKey] = std::to_string(kFormatVersion);
  uint64_t offset = 0;
  for (const NamedTensor* item : order) {
    const uint64_t end = offset + item->tensor.nbytes();
    header[item->key] = {{"dtype", std::string(info(stored_dtype(*item)).safetensors)},
                         {"shape", item->tensor.sizes().vec()},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& error) {
    fail(code::kInvalidArgument, "Expected UTF-8 in tensor names and metadata of ", file, ": ", error.what());
  }
  text.append((8 - text.size() % 8) % 8, ' ');

  AtomicFile out(file);
  uint8_t length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(static_cast<uint64_t>(text.size()) >> (8 * i));
  out.write(length, sizeof length);
  out.write(text.data(), text.size());
  for (const NamedTensor* item : order) {
    const at::Tensor plain = item->tensor.detach().to(at::kCPU).contiguous();
    out.write(plain.const_data_ptr(), plain.nbytes());
  }
  out.commit();
}

}  // namespace wordmask::weights

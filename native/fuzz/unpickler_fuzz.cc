// Whatever the bytes are, a pickle is either refused by wordmask::Error or describes arrays that lie inside their
// storages. Pickles may follow one another, as in torch's legacy files.
#include <cstdlib>

#include "base/error.h"
#include "weights/state_dict.h"
#include "weights/unpickler.h"

namespace {

using namespace wordmask::weights;

void check(const StateDict& state) {
  for (const auto& [key, array] : state.tensors) {
    const uint64_t storage = array.storage_bytes / size_of(array.dtype);
    if (array.offset < 0 || array.numel < 0) std::abort();
    if (array.numel > 0 &&
        (static_cast<uint64_t>(array.offset) > storage || array.span > storage - static_cast<uint64_t>(array.offset)))
      std::abort();
    if (array.storage.empty() && array.inline_bytes.size() != array.storage_bytes) std::abort();
    volatile uint8_t sum = 0;
    for (const uint8_t byte : array.inline_bytes) sum = static_cast<uint8_t>(sum + byte);
  }
}

template <class Read>
void attempt(const Read& read) {
  try {
    check(read());
  } catch (const wordmask::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  PickleTree tree;
  ByteCursor cursor(Bytes(data, size), "input");
  try {
    for (int i = 0; i < 5 && cursor.position() < size; ++i) {
      const Value& root = *unpickle(tree, cursor);
      attempt([&] { return state_dict_of_pickle(root, tree, "input"); });
      attempt([&] { return state_dict_of_module(root, tree, "input"); });
    }
  } catch (const wordmask::Error&) {
  }
  return 0;
}

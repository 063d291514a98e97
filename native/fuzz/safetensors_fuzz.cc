// Whatever the bytes are, the header is either refused by wordmask::Error or describes tensors that lie inside the
// file.
#include <cstdlib>

#include "base/error.h"
#include "weights/safetensors_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wordmask::weights;
  try {
    uint64_t end = 0;
    for (const StoredTensor& tensor : parse_safetensors_header(Bytes(data, size), "input").tensors) {
      uint64_t bytes = size_of(tensor.dtype);
      for (const int64_t extent : tensor.shape) bytes *= static_cast<uint64_t>(extent);
      if (bytes != tensor.bytes || tensor.offset > size || tensor.bytes > size - tensor.offset || tensor.offset < end)
        std::abort();
      end = tensor.offset + tensor.bytes;
    }
  } catch (const wordmask::Error&) {
  }
  return 0;
}

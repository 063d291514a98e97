// Whatever the bytes are, a scene pack is either refused by wordmask::Error or holds what it claims, and captions can
// be written with it or are refused likewise.
#include <cstdlib>

#include "base/error.h"
#include "train/scenes/captions.h"
#include "train/scenes/pack_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wordmask::train;
  try {
    const Pack pack = parse_pack(data, size, "input");
    if (pack.concepts < 1 || static_cast<size_t>(pack.concepts) >= pack.names.size() || pack.styles.empty())
      std::abort();
    for (const auto& style : pack.styles)
      for (const auto& sprite : style.sprites) {
        if (sprite.concept_index < 0 || sprite.concept_index >= pack.concepts) std::abort();
        if (sprite.rgba.size() != static_cast<size_t>(sprite.width) * sprite.height * 4 || sprite.rgba.size() > size)
          std::abort();
      }
    if (pack.kind != "training") return 0;
    Rng rng(size);
    for (int i = 0; i < 4; ++i)
      for (const auto& caption : write_captions(pack, {{0, 1 + i}, {pack.concepts, 1}}, rng))
        if (caption.tokens.size() < 2 || static_cast<int>(caption.tokens.size()) > pack.context_length) std::abort();
  } catch (const wordmask::Error&) {
  }
  return 0;
}

// wordmask_check scenes: speed, a digest of what was drawn, and by wish a sheet of scenes to look at.
#include <chrono>
#include <cstdio>
#include <fstream>

#include "base/error.h"
#include "check/command.h"
#include "train/scenes/rng.h"
#include "train/scenes/scene_pack.h"

namespace wordmask::check {
namespace {

train::Split parse_split(const std::string& text) {
  if (text == "train") return train::Split::kTrain;
  if (text == "unseen") return train::Split::kUnseen;
  if (text == "heldout") return train::Split::kHeldOut;
  fail(code::kInvalidArgument, "expected train, unseen or heldout for --split but received '", text, "'");
}

// The first `columns` * `rows` scenes: pictures, and to the right of each its labels in grey, as binary PPM.
void write_sheet(const std::string& file, const std::vector<train::Scene>& scenes, int size, int columns) {
  const int rows = (static_cast<int>(scenes.size()) + columns - 1) / columns, width = columns * size * 2;
  std::vector<uint8_t> pixels(static_cast<size_t>(width) * rows * size * 3);
  for (size_t i = 0; i < scenes.size(); ++i)
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x) {
        const size_t from = static_cast<size_t>(y) * size + x;
        const size_t row = (i / columns) * size + y, column = (i % columns) * size * 2 + x;
        const uint64_t colour = train::mix64(scenes[i].labels[from] + 1);
        for (int k = 0; k < 3; ++k) {
          pixels[(row * width + column) * 3 + k] = scenes[i].image.data[from * 3 + k];
          pixels[(row * width + column + size) * 3 + k] = static_cast<uint8_t>(colour >> 8 * k);
        }
      }
  std::ofstream out(file, std::ios::binary);
  out << "P6\n" << width << ' ' << rows * size << "\n255\n";
  out.write(reinterpret_cast<const char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()));
  WM_CHECK(out.good(), code::kIo, "cannot write '", file, "'");
}

// index, text, token ids, ids of the names mentioned; tabs between.
void print_captions(int64_t index, const train::Scene& scene) {
  for (const auto& caption : scene.captions) {
    std::printf("%lld\t%s\t", static_cast<long long>(index), caption.text.c_str());
    for (const int32_t id : caption.tokens) std::printf("%d ", id);
    std::printf("\t");
    for (const int name : caption.names) std::printf("%d ", name);
    std::printf("\n");
  }
}

int run(const std::vector<std::string>& list) {
  const Options arguments(list, {"pack", "split", "size", "seed", "count", "first", "sheet", "columns", "captions"});
  const auto pack = train::ScenePack::open(arguments.all("pack"));
  train::SceneOptions options;
  options.split = parse_split(arguments.text("split", "train"));
  options.size = static_cast<int>(arguments.integer("size", 96));
  options.seed = static_cast<uint64_t>(arguments.integer("seed", 0));
  const int64_t count = arguments.integer("count", 1000), first = arguments.integer("first", 0);
  const bool sheet = arguments.has("sheet"), captions = arguments.integer("captions", 0) != 0;
  std::vector<train::Scene> kept;
  uint64_t digest = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < count; ++i) {
    auto scene = pack->render(static_cast<uint64_t>(first + i), options);
    for (const uint8_t byte : scene.image.data) digest = (digest ^ byte) * 0x100000001b3ull;
    for (const uint8_t byte : scene.labels) digest = (digest ^ byte) * 0x100000001b3ull;
    if (captions) print_captions(first + i, scene);
    if (sheet) kept.push_back(std::move(scene));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%lld scenes of %d px, %zu names, %zu styles, %zu tokens: %.0f scenes/s, digest %016llx\n",
              static_cast<long long>(count), options.size, pack->names().size(), pack->styles().size(),
              pack->vocabulary().size(), count / seconds, static_cast<unsigned long long>(digest));
  if (sheet)
    write_sheet(arguments.text("sheet", ""), kept, options.size, static_cast<int>(arguments.integer("columns", 6)));
  return 0;
}

const Command kScenes{"scenes",
                      "--pack FILE [--pack HELDOUT] --split train|unseen|heldout --size 96 --count 1000 [--captions 1] "
                      "[--sheet FILE.ppm]",
                      run};

}  // namespace
}  // namespace wordmask::check

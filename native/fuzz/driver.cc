// A bounded run of one fuzz target without libFuzzer: every seed as it is, then mutations of them by a fixed generator,
// so that a failure is repeated by the same command line. Usage: <target> --runs N --seed S [--keep FILE] SEED_FILE...
// The input of a crash is written to the file named by --keep (of an abort too, with ASAN_OPTIONS=handle_abort=1).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Input = std::vector<uint8_t>;
using Generator = std::mt19937_64;

constexpr size_t kMaxInput = 1 << 16;
// Sizes, signs and boundaries that parsers stumble over.
constexpr uint64_t kInteresting[] = {0,
                                     1,
                                     2,
                                     7,
                                     8,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x7fff,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xfffffffffffffff8,
                                     0xffffffffffffffff};

size_t below(Generator& generator, size_t bound) { return bound == 0 ? 0 : generator() % bound; }

void overwrite_number(Input& input, Generator& generator) {
  const uint64_t value = kInteresting[below(generator, std::size(kInteresting))];
  const size_t width = size_t{1} << below(generator, 4);
  if (input.size() < width) return;
  std::memcpy(input.data() + below(generator, input.size() - width + 1), &value, width);
}

// Digits of a JSON header or a protocol-0 pickle become other digits.
void overwrite_digit(Input& input, Generator& generator) {
  for (int attempt = 0; attempt < 32 && !input.empty(); ++attempt) {
    uint8_t& byte = input[below(generator, input.size())];
    if (byte < '0' || byte > '9') continue;
    byte = static_cast<uint8_t>("0123456789-.e\"],"[below(generator, 16)]);
    return;
  }
}

void splice(Input& input, const Input& other, Generator& generator) {
  if (other.empty()) return;
  const size_t begin = below(generator, other.size());
  const size_t count = 1 + below(generator, std::min<size_t>(other.size() - begin, 64));
  const size_t at = below(generator, input.size() + 1);
  input.insert(input.begin() + static_cast<ptrdiff_t>(at), other.begin() + static_cast<ptrdiff_t>(begin),
               other.begin() + static_cast<ptrdiff_t>(begin + count));
}

void cut(Input& input, Generator& generator) {
  if (input.empty()) return;
  const size_t begin = below(generator, input.size());
  const size_t count =
      generator() % 4 == 0 ? input.size() - begin : 1 + below(generator, std::min<size_t>(input.size() - begin, 16));
  input.erase(input.begin() + static_cast<ptrdiff_t>(begin), input.begin() + static_cast<ptrdiff_t>(begin + count));
}

Input mutate(const std::vector<Input>& seeds, Generator& generator) {
  Input input = seeds[below(generator, seeds.size())];
  const size_t rounds = 1 + below(generator, 6);
  for (size_t i = 0; i < rounds; ++i) {
    switch (below(generator, 6)) {
      case 0:
        if (!input.empty()) input[below(generator, input.size())] ^= static_cast<uint8_t>(1u << below(generator, 8));
        break;
      case 1:
        if (!input.empty()) input[below(generator, input.size())] = static_cast<uint8_t>(generator());
        break;
      case 2:
        overwrite_number(input, generator);
        break;
      case 3:
        overwrite_digit(input, generator);
        break;
      case 4:
        splice(input, seeds[below(generator, seeds.size())], generator);
        break;
      default:
        cut(input, generator);
    }
  }
  if (input.size() > kMaxInput) input.resize(kMaxInput);
  return input;
}

std::string keep;
Input current;

void keep_current() {
  std::ofstream(keep, std::ios::binary)
      .write(reinterpret_cast<const char*>(current.data()), static_cast<std::streamsize>(current.size()));
}

void run(Input input) {
  input.shrink_to_fit();  // ASan then sees the first byte that is read beyond the end
  current = std::move(input);
  LLVMFuzzerTestOneInput(current.data(), current.size());
}

}  // namespace

int main(int count, char** arguments) {
  uint64_t runs = 10'000, seed = 1;
  std::vector<Input> seeds;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const char* value = i + 1 < count ? arguments[i + 1] : "";
    if (argument == "--runs") {
      runs = std::strtoull(value, nullptr, 10), ++i;
    } else if (argument == "--seed") {
      seed = std::strtoull(value, nullptr, 10), ++i;
    } else if (argument == "--keep") {
      keep = value, ++i;
    } else {
      std::ifstream file(argument, std::ios::binary);
      if (!file) {
        std::fprintf(stderr, "Cannot read the seed %s\n", argument.c_str());
        return 2;
      }
      seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "Expected at least one seed file\n");
    return 2;
  }
  if (!keep.empty()) __sanitizer_set_death_callback(keep_current);
  Generator generator(seed);
  for (const Input& input : seeds) run(input);
  for (uint64_t i = 0; i < runs; ++i) run(mutate(seeds, generator));
  std::printf("%llu inputs from %zu seeds\n", static_cast<unsigned long long>(runs + seeds.size()), seeds.size());
  return 0;
}

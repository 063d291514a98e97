#include "weights/pickle_scalar.h"

#include <charconv>

#include "weights/pickle_text.h"

namespace wordmask::weights {
namespace {

using Kind = Value::Kind;

template <class Number>
Number parse(std::string_view line, const std::string& path) {
  Number number{};
  const auto result = std::from_chars(line.data(), line.data() + line.size(), number);
  WM_CHECK(result.ec == std::errc() && result.ptr == line.data() + line.size(), code::kCheckpoint, path,
           " is a damaged pickle: expected a number but it says '", line.substr(0, 40), "'");
  return number;
}

Value* integer(PickleTree& tree, int64_t number, Kind kind = Kind::kInt) {
  Value* value = tree.make(kind);
  value->integer = number;
  return value;
}

Value* real(PickleTree& tree, double number) {
  Value* value = tree.make(Kind::kFloat);
  value->number = number;
  return value;
}

Value* text(PickleTree& tree, Kind kind, std::string_view content) {
  Value* value = tree.make(kind);
  value->text = content;
  return value;
}

Value* long_integer(PickleTree& tree, std::string_view bytes) {
  if (bytes.size() > 8) return text(tree, Kind::kBigInt, bytes);
  uint64_t bits = !bytes.empty() && (bytes.back() & 0x80) ? ~uint64_t{0} : 0;
  for (size_t i = bytes.size(); i-- > 0;) bits = bits << 8 | static_cast<uint8_t>(bytes[i]);
  return integer(tree, static_cast<int64_t>(bits));
}

Value* read_number(uint8_t opcode, PickleTree& tree, ByteCursor& in) {
  switch (opcode) {
    case 'N':
      return tree.make(Kind::kNone);
    case 0x88:
      return integer(tree, 1, Kind::kBool);
    case 0x89:
      return integer(tree, 0, Kind::kBool);
    case 'J':
      return integer(tree, in.read<int32_t>());
    case 'K':
      return integer(tree, in.read<uint8_t>());
    case 'M':
      return integer(tree, in.read<uint16_t>());
    case 0x8a:
      return long_integer(tree, in.take(in.read<uint8_t>()));
    case 0x8b:
      return long_integer(tree, in.take(in.read<uint32_t>()));
    case 'F':
      return real(tree, parse<double>(in.line(), in.path()));
    case 'G':  // big-endian
      return real(tree, std::bit_cast<double>(__builtin_bswap64(in.read<uint64_t>())));
    case 'I': {
      const std::string_view line = in.line();
      if (line == "00" || line == "01") return integer(tree, line == "01", Kind::kBool);
      return integer(tree, parse_whole(line, in.path()));
    }
    case 'L': {
      std::string_view line = in.line();
      if (line.ends_with('L')) line.remove_suffix(1);
      return integer(tree, parse_whole(line, in.path()));
    }
    default:
      return nullptr;
  }
}

Value* read_text(uint8_t opcode, PickleTree& tree, ByteCursor& in) {
  switch (opcode) {
    case 'S':
      return text(tree, Kind::kString, tree.keep(decode_string_literal(in.line())));
    case 'V':
      return text(tree, Kind::kString, tree.keep(decode_raw_unicode_escape(in.line())));
    case 'T':
    case 'X':
      return text(tree, Kind::kString, in.take(in.read<uint32_t>()));
    case 'U':
    case 0x8c:
      return text(tree, Kind::kString, in.take(in.read<uint8_t>()));
    case 0x8d:
      return text(tree, Kind::kString, in.take(in.read<uint64_t>()));
    case 'B':
      return text(tree, Kind::kBytes, in.take(in.read<uint32_t>()));
    case 'C':
      return text(tree, Kind::kBytes, in.take(in.read<uint8_t>()));
    case 0x8e:
    case 0x96:
      return text(tree, Kind::kBytes, in.take(in.read<uint64_t>()));
    default:
      return nullptr;
  }
}

}  // namespace

int64_t parse_whole(std::string_view line, const std::string& path) { return parse<int64_t>(line, path); }

Value* read_scalar(uint8_t opcode, PickleTree& tree, ByteCursor& in) {
  Value* value = read_number(opcode, tree, in);
  return value != nullptr ? value : read_text(opcode, tree, in);
}

}  // namespace wordmask::weights

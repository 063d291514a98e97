#include "weights/pickle_text.h"

#include <charconv>
#include <cstdint>

#include "base/error.h"

namespace wordmask::weights {
namespace {

uint32_t hex(std::string_view text, size_t at, size_t digits) {
  uint32_t value = 0;
  WM_CHECK(at + digits <= text.size(), code::kCheckpoint, "An escape sequence of a pickle is cut off");
  const auto result = std::from_chars(text.data() + at, text.data() + at + digits, value, 16);
  WM_CHECK(result.ptr == text.data() + at + digits, code::kCheckpoint, "A pickle holds a malformed escape sequence");
  return value;
}

void append_utf8(std::string& out, uint32_t point) {
  WM_CHECK(point < 0x110000, code::kCheckpoint, "A pickle holds the impossible code point ", point);
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

}  // namespace

std::string decode_string_literal(std::string_view line) {
  const bool quoted = line.size() >= 2 && (line.front() == '\'' || line.front() == '"') && line.back() == line.front();
  WM_CHECK(quoted, code::kCheckpoint, "Expected a quoted string in a pickle");
  line = line.substr(1, line.size() - 2);
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    WM_CHECK(++i < line.size(), code::kCheckpoint, "An escape sequence of a pickle is cut off");
    switch (line[i]) {
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'x':
        out += static_cast<char>(hex(line, i + 1, 2));
        i += 2;
        break;
      case '\\':
      case '\'':
      case '"':
        out += line[i];
        break;
      default:
        fail(code::kCheckpoint, "A pickle holds the unknown escape sequence \\", line[i]);
    }
  }
  return out;
}

std::string decode_raw_unicode_escape(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool escape = line[i] == '\\' && i + 1 < line.size() && (line[i + 1] == 'u' || line[i + 1] == 'U');
    if (!escape) {
      append_utf8(out, static_cast<uint8_t>(line[i]));
      continue;
    }
    const size_t digits = line[i + 1] == 'u' ? 4 : 8;
    append_utf8(out, hex(line, i + 2, digits));
    i += 1 + digits;
  }
  return out;
}

std::string decode_latin1(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size(); ++i) {
    const uint8_t lead = static_cast<uint8_t>(utf8[i]);
    if (lead < 0x80) {
      out += utf8[i];
      continue;
    }
    const bool two =
        (lead == 0xc2 || lead == 0xc3) && i + 1 < utf8.size() && (static_cast<uint8_t>(utf8[i + 1]) & 0xc0) == 0x80;
    WM_CHECK(two, code::kCheckpoint, "Expected latin-1 text as array data of a pickle");
    out += static_cast<char>((lead & 3) << 6 | (static_cast<uint8_t>(utf8[++i]) & 0x3f));
  }
  return out;
}

bool is_utf8(std::string_view bytes) {
  constexpr uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  for (size_t i = 0; i < bytes.size();) {
    const uint8_t lead = static_cast<uint8_t>(bytes[i++]);
    const size_t more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 4;
    if (more == 4 || more > bytes.size() - i) return false;
    uint32_t point = more == 0 ? lead : lead & (0x3fu >> more);
    for (size_t j = 0; j < more; ++j) {
      const uint8_t next = static_cast<uint8_t>(bytes[i++]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 0x3f);
    }
    if (point < kSmallest[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
  }
  return true;
}

}  // namespace wordmask::weights

#pragma once
#include <string>
#include <string_view>

namespace wordmask::weights {

// Texts of protocol 0 and of bytes that were pickled as text. Each throws ERR_WORDMASK_CHECKPOINT on malformed input.
std::string decode_string_literal(std::string_view line);      // 'a\x00b' with its quotes, as Python 2 writes str
std::string decode_raw_unicode_escape(std::string_view line);  // -> UTF-8
std::string decode_latin1(std::string_view utf8);              // code points below 256 -> bytes

// Whether the bytes are well-formed UTF-8 (no overlong forms, surrogates or points above U+10FFFF).
bool is_utf8(std::string_view bytes);

}  // namespace wordmask::weights
